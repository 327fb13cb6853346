// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// tenant is an application that developers keep on the instance, with the table
// that its migration makes.
type tenant struct {
	name, table string
	rows        int
	insert      string
}

var tenants = []tenant{
	{"billing", "invoices", 2, "INSERT INTO invoices (amount) VALUES (12.50), (99)"},
	{"storefront", "carts", 3, "INSERT INTO carts (item) VALUES ('compass'), ('lantern'), ('rope')"},
}

const (
	originalName = "orders"
	restoredName = "orders_restored"
)

// recovered is the act of examples/recovery: data are lost by mistake, and come
// back.
type recovered struct {
	*stage
	*workspace.Workspace
	developers         *developers
	original, restored address
	moment             time.Time         // the last at which the data were right
	then               map[string]string // the version of each application at that moment
	databases          map[string]string // each application's own, on the restored instance
}

func recovery(s *stage) ([]step, error) {
	w, err := s.open("recovery", "1-before", "TF_VAR_password="+firstPassword)
	if err != nil {
		return nil, err
	}
	team, err := s.hire()
	if err != nil {
		return nil, err
	}
	act := &recovered{stage: s, Workspace: w, developers: team, then: map[string]string{}}
	return []step{
		{"Let developers deploy to an instance", "dbos-cloud db provision, app deploy", act.populate},
		{"Damage the data", "data corruption or loss", act.damage},
		{"Restore the moment before, and move the applications back to it", "dbos-cloud db restore, app versions, app change-database-instance --previous-version", act.restore},
		{"Destroy the original", "dbos-cloud db destroy", act.retire},
		{"Make the restored instance an ordinary one", "without a counterpart: Terraform's own bookkeeping", act.settle},
	}, nil
}

func (a *recovered) populate(ctx context.Context) error {
	if _, err := a.run(ctx, a.Workspace, "init"); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "1 added, 0 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := a.Outputs(ctx, &a.original); err != nil {
		return err
	}
	for _, app := range tenants {
		if err := a.developers.register(ctx, app.name, originalName); err != nil {
			return err
		}
		version, err := a.developers.deploy(ctx, app.name)
		if err != nil {
			return err
		}
		a.then[app.name] = version
		if err := execute(ctx, a.original, app.name, app.insert); err != nil {
			return err
		}
		a.proved("developers have deployed %s, version %s; its table %s has %d rows", app.name, version, app.table, app.rows)
	}
	return nil
}

func (a *recovered) damage(ctx context.Context) error {
	a.moment = time.Now().UTC()
	billing, storefront := tenants[0], tenants[1]
	if err := a.developers.migrate(billing.name, "DELETE FROM "+billing.table+";"); err != nil {
		return err
	}
	version, err := a.developers.deploy(ctx, billing.name)
	if err != nil {
		return err
	}
	if err := demandRows(ctx, a.original, firstPassword, billing.name, billing.table, 0); err != nil {
		return err
	}
	a.proved("at %s all was well; then version %s of %s came with a migration that deletes all %s", a.moment.Format(time.RFC3339), version, billing.name, billing.table)
	if err := execute(ctx, a.original, storefront.name, "DROP TABLE "+storefront.table); err != nil {
		return err
	}
	a.proved("and somebody has dropped the table %s of %s", storefront.table, storefront.name)
	return nil
}

func (a *recovered) restore(ctx context.Context) error {
	if err := a.noteApplications(ctx); err != nil {
		return err
	}
	if err := a.turnTo("2-recover", "TF_VAR_restore_timestamp="+a.moment.Format(time.RFC3339Nano)); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "3 added, 1 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	var seen struct {
		Databases map[string]string `json:"databases"`
	}
	if err := errors.Join(a.Outputs(ctx, &a.restored), a.Outputs(ctx, &seen)); err != nil {
		return err
	}
	a.databases = seen.Databases
	if a.restored == a.original {
		return errors.New("the restored instance is the original one")
	}
	for _, app := range tenants {
		if err := a.developers.running(ctx, app.name, a.then[app.name], restoredName); err != nil {
			return err
		}
		a.proved("%s runs on %s, in the version of that moment, %s", app.name, restoredName, a.then[app.name])
	}
	if err := a.demandData(ctx); err != nil {
		return err
	}
	a.proved("all rows are back in the applications' own databases, at %s", a.restored)
	if err := demandRows(ctx, a.original, firstPassword, tenants[0].name, tenants[0].table, 0); err != nil {
		return err
	}
	a.proved("the original is untouched, as damaged as it was")
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	a.proved("a second plan is empty: the applications' new place is no reason to move anything")
	return nil
}

// noteApplications writes down, once, what is on the original.
func (a *recovered) noteApplications(ctx context.Context) error {
	if _, err := a.run(ctx, a.Workspace, "apply", "-refresh-only", "-auto-approve"); err != nil {
		return err
	}
	var seen struct {
		Applications []string `json:"applications"`
	}
	if err := a.Outputs(ctx, &seen); err != nil {
		return err
	}
	if !slices.Equal(seen.Applications, []string{tenants[0].name, tenants[1].name}) {
		return fmt.Errorf("data.dbos_applications lists %q", seen.Applications)
	}
	a.proved("data.dbos_applications lists %q on the original", seen.Applications)
	list, err := json.Marshal(seen.Applications)
	if err != nil {
		return err
	}
	a.Env = append(a.Env, "TF_VAR_applications="+string(list))
	return nil
}

func (a *recovered) retire(ctx context.Context) error {
	if err := a.turnTo("3-retire"); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "1 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := demandClosed(ctx, a.original); err != nil {
		return err
	}
	a.proved("nothing listens at %s any more", a.original)
	if err := a.demandData(ctx); err != nil {
		return err
	}
	a.proved("the restored instance is untouched, and has all rows")
	return nil
}

func (a *recovered) settle(ctx context.Context) error {
	if err := a.turnTo("4-ordinary"); err != nil {
		return err
	}
	before := a.writes()
	if err := a.apply(ctx, a.Workspace, "0 added, 0 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	if sent := a.writes() - before; sent != 0 {
		return fmt.Errorf("%d calls changed something", sent)
	}
	a.proved("dbos_database_restore.orders is dbos_database_instance.orders now; no call changed anything, and the plan is empty")
	return nil
}

// writes counts the calls so far that change something.
func (a *recovered) writes() int {
	var writes int
	for _, request := range a.cloud.Requests() {
		if request.Method != http.MethodGet && request.Path != "/oauth/token" {
			writes++
		}
	}
	return writes
}

// demandData demands that all rows are in the applications' own databases on
// the restored instance.
func (a *recovered) demandData(ctx context.Context) error {
	for _, app := range tenants {
		if err := demandRows(ctx, a.restored, firstPassword, a.databases[app.name], app.table, app.rows); err != nil {
			return err
		}
	}
	return nil
}

// turnTo puts another configuration in the place of the present one.
func (a *recovered) turnTo(name string, env ...string) error {
	a.Env = append(a.Env, env...)
	a.said("the configuration is now that of examples/recovery/" + name)
	return a.Replace(filepath.Join(a.root, "examples", "recovery", name))
}
