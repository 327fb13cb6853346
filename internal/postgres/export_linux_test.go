// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

// LandlockVersion is 0 where there is no Landlock.
func LandlockVersion() int { return landlockVersion() }
