// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

// application is a registered application.
type application struct {
	Name string `json:"name"`
}
