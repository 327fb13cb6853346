// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// application is one that the recovery moves, with the table that its
// migration makes. Its database has its name.
type application struct {
	name, table string
	rows        int
	insert      string
}

var applications = []application{
	{"billing", "invoices", 2, "INSERT INTO invoices (amount) VALUES (12.50), (99)"},
	{"storefront", "carts", 3, "INSERT INTO carts (item) VALUES ('compass'), ('lantern'), ('rope')"},
}

// recovered is the act of examples/recovery: data are lost by mistake, and
// come back.
type recovered struct {
	*stage
	*workspace.Workspace
	original, restored address
	moment             time.Time // the last at which the data were right
}

func recovery(s *stage) ([]step, error) {
	w, err := s.open("recovery", "1-before", "TF_VAR_password="+firstPassword)
	if err != nil {
		return nil, err
	}
	act := &recovered{stage: s, Workspace: w}
	return []step{
		{"Deploy two applications with their migrations", "dbos-cloud app register, app deploy", act.deploy},
		{"Lose data by mistake", "data corruption or loss", act.lose},
		{"Restore the moment before, and move both applications", "dbos-cloud db restore, app change-database-instance", act.restore},
		{"Destroy the original", "dbos-cloud db destroy", act.retire},
	}, nil
}

func (a *recovered) deploy(ctx context.Context) error {
	if _, err := a.run(ctx, a.Workspace, "init"); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "5 added, 0 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := a.Outputs(ctx, &a.original); err != nil {
		return err
	}
	for _, app := range applications {
		if err := execute(ctx, a.original, firstPassword, app.name, app.insert); err != nil {
			return err
		}
		a.proved("%s has the table that its migration makes, in a database of its own; %d rows are written", app.name, app.rows)
	}
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	a.proved("a second plan is empty")
	return nil
}

func (a *recovered) lose(ctx context.Context) error {
	a.moment = time.Now().UTC()
	for _, app := range applications {
		if err := execute(ctx, a.original, firstPassword, app.name, "DELETE FROM "+app.table); err != nil {
			return err
		}
	}
	a.proved("at %s all was well; now all rows are deleted", a.moment.Format(time.RFC3339))
	return nil
}

func (a *recovered) restore(ctx context.Context) error {
	if err := a.turnTo("2-recover", "TF_VAR_restore_timestamp="+a.moment.Format(time.RFC3339Nano)); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "1 added, 3 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := a.Outputs(ctx, &a.restored); err != nil {
		return err
	}
	if a.restored == a.original {
		return errors.New("the restored instance is the original one")
	}
	for _, app := range applications {
		if err := demandRows(ctx, a.restored, firstPassword, app.name, app.table, app.rows); err != nil {
			return err
		}
		if err := demandRows(ctx, a.original, firstPassword, app.name, app.table, 0); err != nil {
			return err
		}
	}
	a.proved("the restored instance at %s has all rows again; the original is as it was", a.restored)
	if moves := a.cloud.Count("POST", "applications/*/changedbinstance"); moves != len(applications) {
		return fmt.Errorf("%d applications were moved, not %d", moves, len(applications))
	}
	a.proved("both applications were moved in place, each with the version that was running")
	return nil
}

func (a *recovered) retire(ctx context.Context) error {
	if err := a.turnTo("3-after"); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "0 added, 0 changed, 1 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := demandClosed(ctx, a.original); err != nil {
		return err
	}
	a.proved("nothing listens at %s any more", a.original)
	for _, app := range applications {
		if err := demandRows(ctx, a.restored, firstPassword, app.name, app.table, app.rows); err != nil {
			return err
		}
	}
	a.proved("the restored instance is untouched, and has all rows")
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	a.proved("a last plan is empty")
	return nil
}

// turnTo puts another configuration in the place of the present one.
func (a *recovered) turnTo(name string, env ...string) error {
	a.Env = append(a.Env, env...)
	a.said("the configuration is now that of examples/recovery/" + name)
	return a.Replace(filepath.Join(a.root, "examples", "recovery", name))
}
