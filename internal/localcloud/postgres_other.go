// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package localcloud

import (
	"context"
	"fmt"
	"runtime"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

func openPostgres(context.Context, backend.Options) (backend.Backend, error) {
	return nil, fmt.Errorf("the local cloud cannot run PostgreSQL servers on %s: use --backend simulated, or the Windows Subsystem for Linux", runtime.GOOS)
}
