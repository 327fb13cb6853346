// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// NewApplication describes an application to register.
type NewApplication struct {
	Name       string
	Instance   string
	Language   string
	TimeTravel bool
	MemoryMiB  *int64 // nil is the service's own default
}

// ApplicationUpdate holds the settings to change. A nil field stays as it is.
type ApplicationUpdate struct {
	MemoryMiB    *int64
	MinExecutors *int64
	MaxExecutors *int64
}

// RegisterApplication registers an application exactly once and returns its record. The error wraps [ErrExists] if the
// name is taken. After a lost answer, an application that was absent before and is now on that instance is ours. With
// an [*UnseenError], the returned application holds only the accepted values.
func (c *Client) RegisterApplication(ctx context.Context, n NewApplication) (*Application, error) {
	leave, err := c.enterApplication(ctx, n.Name)
	if err != nil {
		return nil, err
	}
	defer leave()
	var id string
	_, err = create(ctx, c, createSteps[Application]{
		Object: applicationNamed(n.Name),
		look:   func(ctx context.Context) (*Application, error) { return c.FreshApplication(ctx, n.Name) },
		send: func(ctx context.Context) (err error) {
			id, err = c.register(ctx, n)
			return err
		},
		matches: func(_ context.Context, found *Application) error {
			if found.Instance != n.Instance {
				return fmt.Errorf("it is on database instance %q", found.Instance)
			}
			id = found.ID
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	application, err := c.FreshApplication(ctx, n.Name)
	if err != nil {
		return &Application{Name: n.Name, ID: id, Instance: n.Instance}, &UnseenError{"application", n.Name, err}
	}
	return application, nil
}

func (c *Client) register(ctx context.Context, n NewApplication) (string, error) {
	body := struct {
		Name         string `json:"name"`
		Database     string `json:"database"`
		Language     string `json:"language"`
		Provenancedb string `json:"provenancedb"`
		Memory       *int64 `json:"executors_memory_mib,omitempty"`
	}{Name: n.Name, Database: n.Instance, Language: n.Language, Memory: n.MemoryMiB}
	if n.TimeTravel {
		body.Provenancedb = n.Instance
	}
	return api.Do[string](ctx, c.api, api.Request{Kind: api.Write, Method: "PUT", Path: []string{"applications"}, Body: body, Needs: []api.Object{instanceNamed(n.Instance)}})
}

// UpdateApplication changes settings, which take effect at the next deploy.
func (c *Client) UpdateApplication(ctx context.Context, name string, u ApplicationUpdate) error {
	if u == (ApplicationUpdate{}) {
		return nil
	}
	leave, err := c.enterApplication(ctx, name)
	if err != nil {
		return err
	}
	defer leave()
	body := struct {
		Memory *int64 `json:"executors_memory_mib,omitempty"`
		Min    *int64 `json:"min_vms,omitempty"`
		Max    *int64 `json:"max_vms,omitempty"`
	}{u.MemoryMiB, u.MinExecutors, u.MaxExecutors}
	return c.api.Send(ctx, api.Request{Kind: api.IdempotentWrite, Method: "PATCH", Path: []string{"applications", name}, Object: applicationNamed(name), Body: body})
}

// DeleteApplication asks the service to delete an application, with its database if dropDatabase is true. An
// application that is gone already is a success.
func (c *Client) DeleteApplication(ctx context.Context, name string, dropDatabase bool) error {
	leave, err := c.enterApplication(ctx, name)
	if err != nil {
		return err
	}
	defer leave()
	c.created.remove(applicationNamed(name))
	body := struct {
		DropDB bool `json:"dropdb"`
	}{dropDatabase}
	err = c.api.Send(ctx, api.Request{Kind: api.IdempotentWrite, Method: "DELETE", Path: []string{"applications", name}, Object: applicationNamed(name), Body: body})
	if IsNotFound(err) {
		return nil
	}
	return err
}
