// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// Link describes a database of the user's own that the service uses as an instance.
type Link struct {
	Name              string
	Hostname          string
	Port              int64
	Password          string
	AdminUsername     string // "" is the service's own default, dbosadmin
	SupabaseReference string
	TimeTravel        bool
}

// CreateLink links a database exactly once and returns its record. The error wraps [ErrExists] if the name is taken.
// After a lost answer, a link that was absent before and now has the requested host is ours. With an [*UnseenError],
// the record is nil.
func (c *Client) CreateLink(ctx context.Context, l Link) (*Instance, error) {
	_, err := c.createInstance(ctx, l.Name, l.request(), func(_ context.Context, found *Instance) error {
		switch {
		case found.Provisioned:
			return errors.New("it is not a linked database")
		case !strings.EqualFold(found.Hostname, l.Hostname) || found.Port != l.Port:
			return fmt.Errorf("it is at %s, port %d", found.Hostname, found.Port)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	instance, err := c.FreshInstance(ctx, l.Name)
	if err != nil {
		return nil, &UnseenError{"database instance", l.Name, err}
	}
	return instance, nil
}

func (l Link) request() api.Request {
	body := struct {
		Name              string
		HostName          string
		Port              int64
		Password          string
		CaptureProvenance bool   `json:"captureProvenance"`
		SupabaseReference string `json:"supabaseReference,omitempty"`
		AdminName         string `json:"dbosAdminName,omitempty"`
	}{l.Name, l.Hostname, l.Port, l.Password, l.TimeTravel, l.SupabaseReference, l.AdminUsername}
	return api.Request{Kind: api.Write, Method: "POST", Path: []string{"databases", "byod"}, Body: body, Secrets: []string{l.Password}}
}

// DeleteLink removes a link and leaves the database as it is. A link that is gone already is a success.
func (c *Client) DeleteLink(ctx context.Context, name string) error {
	c.created.remove(instanceNamed(name))
	err := c.writeInstance(ctx, api.Request{Kind: api.IdempotentWrite, Method: "DELETE", Path: []string{"databases", "byod", name}, Object: instanceNamed(name)})
	if IsNotFound(err) {
		return nil
	}
	return err
}
