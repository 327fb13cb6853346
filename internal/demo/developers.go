// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dbos-community/terraform-provider-dbos/internal/archive"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// developers deploy their applications without Terraform, as they would with the CLI. They work on a copy of
// internal/demo/developers.
type developers struct {
	dir    string
	client *cloud.Client
}

func (d *demo) newDevelopers() (*developers, error) {
	dir := filepath.Join(d.dir, "developers")
	if err := workspace.Copy(filepath.Join(d.root, "internal", "demo", "developers"), dir); err != nil {
		return nil, err
	}
	connection := d.cloud.Connection()
	client, err := cloud.New(cloud.Config{
		Endpoint:     connection.Endpoint,
		Organization: connection.Organization,
		Login:        cloud.Login{Token: connection.Token},
	})
	return &developers{dir, client}, err
}

// register registers an application, before its first deploy.
func (d *developers) register(ctx context.Context, application, instance string) error {
	_, err := d.client.RegisterApplication(ctx, cloud.NewApplication{Name: application, Instance: instance, Language: "node"})
	return err
}

// deploy deploys an application's folder, and returns the version.
func (d *developers) deploy(ctx context.Context, application string) (version string, err error) {
	files, err := archive.Open(ctx, filepath.Join(d.dir, application), archive.Options{})
	if err != nil {
		return "", err
	}
	packed, err := files.Archive(ctx)
	if err != nil {
		return "", err
	}
	defer packed.Close()
	deployer, err := d.client.NewDeployer(ctx, application)
	if err != nil {
		return "", err
	}
	version, err = deployer.Deploy(ctx, packed)
	deployer.Close()
	if err != nil {
		return "", err
	}
	_, err = d.client.WaitApplication(ctx, application, cloud.Rollout{Version: version, Replaces: deployer.Application.Version})
	return version, err
}

// migrate adds a migration to an application, for the next deploy.
func (d *developers) migrate(application, sql string) error {
	return os.WriteFile(filepath.Join(d.dir, application, "migrations", "002.sql"), []byte(sql+"\n"), 0o600)
}

// running checks the version and the instance of an application.
func (d *developers) running(ctx context.Context, application, version, instance string) error {
	found, err := d.client.FreshApplication(ctx, application)
	if err != nil {
		return err
	}
	if found.Version != version || found.Instance != instance {
		return fmt.Errorf("application %s runs version %s on %s, not version %s on %s", application, found.Version, found.Instance, version, instance)
	}
	return nil
}
