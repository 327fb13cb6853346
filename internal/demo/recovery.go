// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// recoveryApplication is an application on the instance, with the table that its first migration creates.
type recoveryApplication struct {
	name, table, column string
	declared            bool // Terraform registers it, not a developer
}

var recoveryApplications = []recoveryApplication{
	{"billing", "invoices", "amount", false},
	{"storefront", "carts", "item", true},
}

// rows is the number of rows in the table of each application before the damage.
const rows = 100

const (
	originalName = "orders"
	restoredName = "orders_restored"
)

// recoveryScenario runs examples/recovery: migrations delete the data of two applications, and a restore brings them
// back.
type recoveryScenario struct {
	*demo
	*workspace.Workspace
	developers         *developers
	original, restored address
	moment             time.Time         // the last at which the data were right
	then               map[string]string // the version of each application at that moment
}

func recovery(d *demo) ([]step, error) {
	w, err := d.open("recovery", "1-before", "TF_VAR_password="+firstPassword)
	if err != nil {
		return nil, err
	}
	team, err := d.newDevelopers()
	if err != nil {
		return nil, err
	}
	scenario := &recoveryScenario{demo: d, Workspace: w, developers: team, then: map[string]string{}}
	return []step{
		{"Run two applications on an instance", "dbos-cloud db provision, app register, app deploy", scenario.populate},
		{"Deploy migrations that delete the data", "data corruption or loss", scenario.damage},
		{"Restore the time before, and move the applications there", "dbos-cloud db restore, app versions, app change-database-instance --previous-version", scenario.restore},
		{"Look at the data", "dbos-cloud db url", scenario.checkData},
		{"Destroy the original", "dbos-cloud db destroy", scenario.destroyOriginal},
		{"Make the restored instance an ordinary one", "no command: only Terraform's state changes", scenario.makeOrdinary},
	}, nil
}

func (a *recoveryScenario) populate(ctx context.Context) error {
	if err := a.create(ctx, a.Workspace, "2 added, 0 changed, 0 destroyed", &a.original); err != nil {
		return err
	}
	for _, app := range recoveryApplications {
		by := "Terraform has"
		if !app.declared {
			by = "developers have"
			if err := a.developers.register(ctx, app.name, originalName); err != nil {
				return err
			}
		}
		version, err := a.developers.deploy(ctx, app.name)
		if err != nil {
			return err
		}
		a.then[app.name] = version
		insert := fmt.Sprintf("INSERT INTO %s (%s) SELECT generate_series(1, %d)", app.table, app.column, rows)
		if err := execute(ctx, a.original, app.name, insert); err != nil {
			return err
		}
		a.proved("%s registered %s; version %s runs, and its table %s has %d rows", by, app.name, version, app.table, rows)
	}
	return nil
}

func (a *recoveryScenario) damage(ctx context.Context) error {
	a.moment = time.Now().UTC()
	for _, app := range recoveryApplications {
		if err := a.developers.migrate(app.name, "DELETE FROM "+app.table+";"); err != nil {
			return err
		}
		version, err := a.developers.deploy(ctx, app.name)
		if err != nil {
			return err
		}
		a.proved("after %s, version %s of %s came with a migration that deletes all %s", a.moment.Format(time.RFC3339), version, app.name, app.table)
	}
	if err := a.requireData(ctx, a.original, 0); err != nil {
		return err
	}
	a.proved("no row of %d is left, and each further deploy of these versions deletes all rows again", len(recoveryApplications)*rows)
	return nil
}

func (a *recoveryScenario) restore(ctx context.Context) error {
	if err := a.noteApplications(ctx); err != nil {
		return err
	}
	if err := a.useConfiguration("2-recover", "TF_VAR_restore_timestamp="+a.moment.Format(time.RFC3339Nano)); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "2 added, 2 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := a.Outputs(ctx, &a.restored); err != nil {
		return err
	}
	if a.restored == a.original {
		return errors.New("the restored instance is the original one")
	}
	for _, app := range recoveryApplications {
		if err := a.developers.running(ctx, app.name, a.then[app.name], restoredName); err != nil {
			return err
		}
		a.proved("%s runs on %s, with the version of that time, %s", app.name, restoredName, a.then[app.name])
	}
	if err := a.requireData(ctx, a.original, 0); err != nil {
		return err
	}
	a.proved("the original was not changed: it is still damaged")
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	a.proved("a second plan is empty: it moves nothing again")
	return nil
}

// checkData runs the psql commands that Terraform printed.
func (a *recoveryScenario) checkData(ctx context.Context) error {
	var seen struct {
		Look map[string]string `json:"look"`
	}
	if err := a.Outputs(ctx, &seen); err != nil {
		return err
	}
	for _, app := range recoveryApplications {
		query := "SELECT count(*) FROM " + app.table
		args := append(strings.Fields(seen.Look[app.name]), "--no-psqlrc", "--tuples-only", "--no-align", "--command")
		a.command(fmt.Sprintf("%s %q", strings.Join(args, " "), query))
		psql := exec.CommandContext(ctx, args[0], append(args[1:], query)...)
		psql.Env = append(os.Environ(), "PGPASSWORD="+firstPassword)
		out, err := psql.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if found := strings.TrimSpace(string(out)); found != strconv.Itoa(rows) {
			return fmt.Errorf("%s has %s rows, not %d", app.table, found, rows)
		}
		a.proved("all %d rows of %s are back, with the password of that time", rows, app.table)
	}
	return nil
}

// noteApplications records which applications on the original instance Terraform does not manage.
func (a *recoveryScenario) noteApplications(ctx context.Context) error {
	if _, err := a.run(ctx, a.Workspace, "apply", "-refresh-only", "-auto-approve"); err != nil {
		return err
	}
	var seen struct {
		Applications []string `json:"applications"`
	}
	if err := a.Outputs(ctx, &seen); err != nil {
		return err
	}
	if !slices.Equal(seen.Applications, []string{recoveryApplications[0].name}) {
		return fmt.Errorf("the output applications is %q", seen.Applications)
	}
	a.proved("the output applications lists the applications on the original that Terraform does not register: %q", seen.Applications)
	list, err := json.Marshal(seen.Applications)
	if err != nil {
		return err
	}
	a.Env = append(a.Env, "TF_VAR_applications="+string(list))
	return nil
}

func (a *recoveryScenario) destroyOriginal(ctx context.Context) error {
	if err := a.useConfiguration("3-retire"); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "0 added, 2 changed, 1 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := requireClosed(ctx, a.original); err != nil {
		return err
	}
	a.proved("nothing listens at %s any more", a.original)
	if err := a.requireData(ctx, a.restored, rows); err != nil {
		return err
	}
	a.proved("the restored instance was not changed, and has all rows")
	return nil
}

func (a *recoveryScenario) makeOrdinary(ctx context.Context) error {
	if err := a.useConfiguration("4-ordinary"); err != nil {
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
func (a *recoveryScenario) writes() int {
	var writes int
	for _, request := range a.cloud.Requests() {
		if request.Method != http.MethodGet && request.Path != "/oauth/token" {
			writes++
		}
	}
	return writes
}

// requireData checks the number of rows in each application's own database on an instance.
func (a *recoveryScenario) requireData(ctx context.Context, at address, rows int) error {
	for _, app := range recoveryApplications {
		if err := requireRows(ctx, at, firstPassword, app.name, app.table, rows); err != nil {
			return err
		}
	}
	return nil
}

// useConfiguration replaces the configuration, and keeps the state.
func (a *recoveryScenario) useConfiguration(name string, env ...string) error {
	a.Env = append(a.Env, env...)
	a.said("the configuration is now that of examples/recovery/" + name)
	return a.Replace(filepath.Join(a.root, "examples", "recovery", name))
}
