// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const (
	firstPassword  = "Correct-horse-7"
	secondPassword = "Battery_staple:8"
	orders         = 3
)

// databaseScenario runs examples/first-database: one instance, from its creation to its destruction.
type databaseScenario struct {
	*demo
	*workspace.Workspace
	at address
}

func firstDatabase(d *demo) ([]step, error) {
	w, err := d.open("first-database", ".", "TF_VAR_password="+firstPassword)
	if err != nil {
		return nil, err
	}
	scenario := &databaseScenario{demo: d, Workspace: w}
	return []step{
		{"Provision a database instance", "dbos-cloud db provision", scenario.provision},
		{"Rotate its password in place", "dbos-cloud db reset-password", scenario.rotate},
		{"List the instances and look one up", "dbos-cloud db list, db status", scenario.inventory},
		{"Refuse what would destroy the data by mistake", "the guide: take care, this is irreversible", scenario.protect},
		{"Destroy it, on purpose", "dbos-cloud db destroy", scenario.destroy},
	}, nil
}

func (a *databaseScenario) provision(ctx context.Context) error {
	if err := a.create(ctx, a.Workspace, "1 added, 0 changed, 0 destroyed", &a.at); err != nil {
		return err
	}
	a.proved("Terraform printed its address: %s, user %s", a.at, a.at.Username)

	if err := execute(ctx, a.at, "postgres", "CREATE DATABASE shop"); err != nil {
		return err
	}
	err := execute(ctx, a.at, "shop",
		"CREATE TABLE orders (id int PRIMARY KEY, item text NOT NULL)",
		"INSERT INTO orders VALUES (1, 'compass'), (2, 'lantern'), (3, 'rope')")
	if err != nil {
		return err
	}
	if err := requireRows(ctx, a.at, firstPassword, "shop", "orders", orders); err != nil {
		return err
	}
	a.proved("a Postgres client logs in there with the configured password, and writes %d orders", orders)

	if err := a.requireNowhere(firstPassword); err != nil {
		return err
	}
	a.proved("Terraform's state does not hold the password")
	if err := a.unchanged(ctx, a.Workspace); err != nil {
		return err
	}
	a.proved("a second plan is empty")
	return nil
}

func (a *databaseScenario) rotate(ctx context.Context) error {
	a.Env = append(a.Env, "TF_VAR_password="+secondPassword)
	if err := a.apply(ctx, a.Workspace, "0 added, 1 changed, 0 destroyed", "apply", "-auto-approve", "-var", "password_version=2"); err != nil {
		return err
	}
	a.Env = append(a.Env, "TF_VAR_password_version=2")
	var after address
	if err := a.Outputs(ctx, &after); err != nil {
		return err
	}
	if after != a.at {
		return fmt.Errorf("the instance moved from %s to %s", a.at, after)
	}
	a.proved("changed in place: the same instance at %s", after)
	if err := requireLockedOut(ctx, a.at, firstPassword); err != nil {
		return err
	}
	a.proved("the old password no longer logs in")
	if err := requireRows(ctx, a.at, secondPassword, "shop", "orders", orders); err != nil {
		return err
	}
	a.proved("the new one does, and the %d orders are there", orders)
	return nil
}

func (a *databaseScenario) inventory(ctx context.Context) error {
	var seen struct {
		Organization string   `json:"organization"`
		Status       string   `json:"status"`
		Instances    []string `json:"instances"`
	}
	if _, err := a.run(ctx, a.Workspace, "apply", "-refresh-only", "-auto-approve"); err != nil {
		return err
	}
	if err := a.Outputs(ctx, &seen); err != nil {
		return err
	}
	if !slices.Equal(seen.Instances, []string{"shop"}) || seen.Status != "available" {
		return fmt.Errorf("the data sources show %+v", seen)
	}
	a.proved("data.dbos_database_instances lists %q of organization %q", seen.Instances, seen.Organization)
	a.proved("data.dbos_database_instance finds it %s", seen.Status)
	return nil
}

func (a *databaseScenario) protect(ctx context.Context) error {
	if err := a.refused(ctx, a.Workspace, "is protected from being destroyed", "destroy", "-auto-approve"); err != nil {
		return err
	}
	a.proved("the plan of a destroy is refused")
	if err := a.refused(ctx, a.Workspace, "is protected from being replaced", "plan", "-var", "name=store"); err != nil {
		return err
	}
	a.proved("a changed name is refused too: it would be another, empty instance")
	if sent := a.cloud.Count("DELETE", "databases/userdb/*"); sent != 0 {
		return fmt.Errorf("%d deletions were sent", sent)
	}
	if err := requireRows(ctx, a.at, secondPassword, "shop", "orders", orders); err != nil {
		return err
	}
	a.proved("nothing was deleted, and the %d orders are there", orders)
	return nil
}

func (a *databaseScenario) destroy(ctx context.Context) error {
	if err := a.apply(ctx, a.Workspace, "0 added, 1 changed, 0 destroyed", "apply", "-auto-approve", "-var", "deletion_protection=false"); err != nil {
		return err
	}
	if err := a.apply(ctx, a.Workspace, "1 destroyed", "destroy", "-auto-approve"); err != nil {
		return err
	}
	if err := requireClosed(ctx, a.at); err != nil {
		return err
	}
	a.proved("nothing listens at %s any more", a.at)
	return nil
}

// requireNowhere checks that the state does not hold the secret.
func (a *databaseScenario) requireNowhere(secret string) error {
	state, err := os.ReadFile(filepath.Join(a.Dir, "terraform.tfstate"))
	if err == nil && bytes.Contains(state, []byte(secret)) {
		err = errors.New("the state holds the password")
	}
	return err
}
