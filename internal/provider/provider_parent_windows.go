// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

// EndWithParent does nothing on Windows, where a process keeps the number of a parent that is gone.
func EndWithParent() {}
