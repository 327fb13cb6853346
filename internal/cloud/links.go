// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"strings"
)

// Link is a database of one's own that the service is to use as an instance.
type Link struct {
	Name              string
	Hostname          string
	Port              int64
	Password          string
	AdminUsername     string // "" is the service's own default, dbosadmin
	SupabaseReference string
	TimeTravel        bool
}

// CreateLink links a database, once. The error wraps [ErrExists] if the name is
// taken. adopted means that the answer was lost and the link was found to be
// there, with the host that was asked for.
func (c *Client) CreateLink(ctx context.Context, l Link) (adopted bool, err error) {
	c.instances.stale()
	defer c.instances.stale()
	return create(ctx, c, creation[Instance]{
		noun: "database instance",
		name: l.Name,
		look: func(ctx context.Context) (*Instance, error) { return c.FreshInstance(ctx, l.Name) },
		send: func(ctx context.Context) error { return c.link(ctx, l) },
		matches: func(_ context.Context, found *Instance) error {
			switch {
			case found.Provisioned:
				return fmt.Errorf("it is not a linked database")
			case !strings.EqualFold(found.Hostname, l.Hostname) || found.Port != l.Port:
				return fmt.Errorf("it is at %s, port %d", found.Hostname, found.Port)
			}
			return nil
		},
	})
}

func (c *Client) link(ctx context.Context, l Link) error {
	body := struct {
		Name              string
		HostName          string
		Port              int64
		Password          string
		CaptureProvenance bool   `json:"captureProvenance"`
		SupabaseReference string `json:"supabaseReference,omitempty"`
		AdminName         string `json:"dbosAdminName,omitempty"`
	}{l.Name, l.Hostname, l.Port, l.Password, l.TimeTravel, l.SupabaseReference, l.AdminUsername}
	return c.tell(ctx, request{kind: once, method: "POST", path: []string{"databases", "byod"}, body: body, secrets: []string{l.Password}})
}

// DeleteLink ends a link. The database itself is left as it is. A link that is
// gone already is a success.
func (c *Client) DeleteLink(ctx context.Context, name string) error {
	c.instances.stale()
	defer c.instances.stale()
	err := c.tell(ctx, request{kind: harmless, method: "DELETE", path: []string{"databases", "byod", name}, object: name})
	if IsNotFound(err) {
		return nil
	}
	return err
}
