// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// Application is a registered application.
type Application struct {
	Name      string
	ID        string
	Instance  string // the database instance that it runs on
	Database  string // its own database there
	Status    string
	Version   string // "" before the first deploy
	URL       string
	MemoryMiB int64 // of an executor
}

// Available reports whether the application serves.
func (a Application) Available() bool { return strings.EqualFold(a.Status, "AVAILABLE") }

// Deleting reports whether a deletion is under way.
func (a Application) Deleting() bool { return strings.EqualFold(a.Status, "DELETING") }

// applicationRecord is the type Application of the API.
type applicationRecord struct {
	Name                    string
	ID                      string
	PostgresInstanceName    string
	ApplicationDatabaseName string
	Status                  string
	Version                 string
	AppURL                  string
	ExecutorsMemoryMib      int64
}

func (r applicationRecord) Check() error {
	if r.Name == "" {
		return errors.New("there is no Name")
	}
	return nil
}

func (r applicationRecord) name() string { return r.Name }

func (r applicationRecord) object() Application {
	return Application{
		Name:      r.Name,
		ID:        r.ID,
		Instance:  r.PostgresInstanceName,
		Database:  r.ApplicationDatabaseName,
		Status:    r.Status,
		Version:   r.Version,
		URL:       r.AppURL,
		MemoryMiB: r.ExecutorsMemoryMib,
	}
}

func (c *Client) applicationReader() reader[Application] {
	return reader[Application]{
		noun:  "application",
		isNew: func(name string) bool { return c.justCreated(applicationNamed(name)) },
		one: func(ctx context.Context, name string, how api.Kind) (*Application, error) {
			return readOne[applicationRecord](ctx, c.api, api.Request{Kind: how, Method: "GET", Path: []string{"applications", name}, Object: applicationNamed(name)})
		},
		list: func(ctx context.Context, how api.Kind) ([]Application, error) {
			return readList[records[applicationRecord]](ctx, c.api, api.Request{Kind: how, Method: "GET", Path: []string{"applications"}})
		},
		name:   func(a Application) string { return a.Name },
		status: func(a Application) string { return a.Status },
	}
}

// Application reads an application. Concurrent reads share one list call.
func (c *Client) Application(ctx context.Context, name string) (*Application, error) {
	return c.applications.get(ctx, name)
}

// FreshApplication asks the API for this application now.
func (c *Client) FreshApplication(ctx context.Context, name string) (*Application, error) {
	return c.applications.one(ctx, name, api.Read)
}

// Applications reads all applications, sorted by name.
func (c *Client) Applications(ctx context.Context) ([]Application, error) {
	return c.applications.all(ctx)
}

// FreshApplications asks the API for all applications now. It is for decisions that would lose data if an application
// were overlooked, so it does not take null for a list: it asks again, and then fails.
func (c *Client) FreshApplications(ctx context.Context) ([]Application, error) {
	applications, err := readList[completeRecords[applicationRecord]](ctx, c.api, api.Request{Method: "GET", Path: []string{"applications"}})
	slices.SortFunc(applications, func(a, b Application) int { return strings.Compare(a.Name, b.Name) })
	return applications, err
}
