// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"context"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend/postgres"
)

func openPostgres(ctx context.Context, o backend.Options) (backend.Backend, error) {
	b, err := postgres.Open(ctx, o)
	if err != nil {
		return nil, err // not a nil *postgres.Backend
	}
	return b, nil
}
