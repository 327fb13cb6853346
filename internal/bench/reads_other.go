// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix && !linux

package main

import "context"

// readRows are only for Linux: other systems do not tell how often a file is opened.
var readRows []row

func (s *crowdSite) readsOfApply(ctx context.Context) (int, error) {
	_, err := s.Run(ctx, "apply", "-auto-approve", "-parallelism=100")
	return 0, err
}
