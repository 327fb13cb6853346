// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const (
	firstKey  = "first-payment-key"
	secondKey = "second-payment-key"
)

// applicationsScenario runs examples/applications: two applications on one instance.
type applicationsScenario struct {
	*demo
	*workspace.Workspace
	at address
}

func applications(d *demo) ([]step, error) {
	w, err := d.open("applications", ".", "TF_VAR_password="+firstPassword, "TF_VAR_payment_key="+firstKey)
	if err != nil {
		return nil, err
	}
	scenario := &applicationsScenario{demo: d, Workspace: w}
	return []step{
		{"Deploy two applications, one with a migration", "dbos-cloud app register, app env create, app deploy", scenario.deploy},
		{"Change a secret", "dbos-cloud app env create, app deploy", scenario.rekey},
	}, nil
}

func (a *applicationsScenario) deploy(ctx context.Context) error {
	if err := a.create(ctx, a.Workspace, "6 added, 0 changed, 0 destroyed", &a.at); err != nil {
		return err
	}
	err := execute(ctx, a.at, "invoicing", "INSERT INTO invoices (amount) VALUES (12.50), (99)")
	if err != nil {
		return err
	}
	if err := requireRows(ctx, a.at, firstPassword, "invoicing", "invoices", 2); err != nil {
		return err
	}
	a.proved("the migration of invoicing created its table; 2 rows are written")
	if err := requireRows(ctx, a.at, firstPassword, "catalog", "invoices", 0); err == nil {
		return errors.New("both applications are in one database")
	}
	a.proved("catalog has its own database, without that table")
	if err := a.requireDeploys(1, 1); err != nil {
		return err
	}
	a.proved("invoicing's secret was set first, then each was deployed once")
	return nil
}

func (a *applicationsScenario) rekey(ctx context.Context) error {
	a.Env = append(a.Env, "TF_VAR_payment_key="+secondKey, "TF_VAR_payment_key_version=2")
	if err := a.apply(ctx, a.Workspace, "0 added, 2 changed, 0 destroyed", "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := a.requireDeploys(2, 1); err != nil {
		return err
	}
	a.proved("the secret was set first, then invoicing was deployed exactly once; catalog was not")
	if err := requireRows(ctx, a.at, firstPassword, "invoicing", "invoices", 2); err != nil {
		return err
	}
	a.proved("the migration ran again, and the 2 rows are there")
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	a.proved("a second plan is empty")
	return nil
}

// requireDeploys checks how often the applications were deployed, and that the secret of invoicing was set before each
// of its deploys.
func (a *applicationsScenario) requireDeploys(invoicing, catalog int) error {
	var calls []string
	for _, request := range a.cloud.Requests() {
		if call := a.call(request); call != "" {
			calls = append(calls, call)
		}
	}
	var want []string
	for range invoicing {
		want = append(want, "secrets", "invoicing")
	}
	if !slices.Equal(calls, want) {
		return fmt.Errorf("the calls for invoicing were %q, not %q", calls, want)
	}
	if deploys := a.cloud.Count("POST", "applications/catalog"); deploys != catalog {
		return fmt.Errorf("catalog was deployed %d times, not %d", deploys, catalog)
	}
	return nil
}

// call says what a request does to invoicing: it sets a secret ("secrets"), deploys it ("invoicing"), or neither ("").
func (a *applicationsScenario) call(request localcloud.Request) string {
	parent, name := path.Split(request.Path)
	if request.Method == "POST" && path.Base(parent) == "applications" && name != "catalog" {
		return name
	}
	return ""
}
