// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Instance is a database instance, provisioned or linked.
type Instance struct {
	Name              string
	Status            string
	Hostname          string // "" until it has one
	Port              int64
	Username          string
	AdminUsername     string // "" on older servers
	Linked            bool
	SupabaseReference string
}

// Available reports whether clients can connect: backups do not keep them from it, a missing host name does.
func (i Instance) Available() bool {
	return (strings.EqualFold(i.Status, "available") || strings.EqualFold(i.Status, "backing-up")) && i.Hostname != ""
}

// NewInstance is an instance to be provisioned.
type NewInstance struct {
	Name     string
	Username string
	Password string
}

// RestoreInstance is an instance to be made from what another one was at a moment.
type RestoreInstance struct {
	Source string
	Name   string
	Time   time.Time
}

// instanceRecord is UserDBInstance of the API, with the older servers' AdminUsername.
type instanceRecord struct {
	PostgresInstanceName string
	Status               string
	HostName             string
	Port                 int64
	DatabaseUsername     string
	AdminUsername        string
	DBOSAdminName        string
	IsLinked             bool
	SupabaseReference    string
}

func (r instanceRecord) check() error {
	if r.PostgresInstanceName == "" {
		return errors.New("there is no PostgresInstanceName")
	}
	return nil
}

type instanceRecords []instanceRecord

func (records instanceRecords) check() error {
	for i, r := range records {
		if err := r.check(); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

func (r instanceRecord) instance() Instance {
	username := r.DatabaseUsername
	if username == "" {
		username = r.AdminUsername
	}
	return Instance{
		Name:              r.PostgresInstanceName,
		Status:            r.Status,
		Hostname:          r.HostName,
		Port:              r.Port,
		Username:          username,
		AdminUsername:     r.DBOSAdminName,
		Linked:            r.IsLinked,
		SupabaseReference: r.SupabaseReference,
	}
}

func (c *Client) instanceKind() objects[Instance] {
	return objects[Instance]{
		noun:   "database instance",
		one:    c.instance,
		list:   c.listInstances,
		name:   func(i Instance) string { return i.Name },
		status: func(i Instance) string { return i.Status },
	}
}

func (c *Client) instance(ctx context.Context, name string, how kind) (*Instance, error) {
	r := request{kind: how, method: "GET", path: []string{"databases", "userdb", "info", name}, object: name}
	record, err := do[instanceRecord](ctx, c, r)
	if err != nil {
		return nil, err
	}
	if record.PostgresInstanceName != name {
		return nil, fmt.Errorf("DBOS Cloud was asked for database instance %q and answered with another, %q", name, oneLine(record.PostgresInstanceName))
	}
	instance := record.instance()
	return &instance, nil
}

func (c *Client) listInstances(ctx context.Context, how kind) ([]Instance, error) {
	records, err := do[instanceRecords](ctx, c, request{kind: how, method: "GET", path: []string{"databases"}})
	if err != nil {
		return nil, err
	}
	instances := make([]Instance, len(records))
	for i, r := range records {
		instances[i] = r.instance()
	}
	slices.SortFunc(instances, func(a, b Instance) int { return strings.Compare(a.Name, b.Name) })
	return instances, nil
}

// Instance reads an instance, from a list that concurrent reads share where there are such.
func (c *Client) Instance(ctx context.Context, name string) (*Instance, error) {
	return c.instances.get(ctx, name)
}

// FreshInstance asks for this instance now.
func (c *Client) FreshInstance(ctx context.Context, name string) (*Instance, error) {
	return c.instance(ctx, name, read)
}

// Instances reads all instances, sorted by name.
func (c *Client) Instances(ctx context.Context) ([]Instance, error) {
	return c.instances.all(ctx)
}

// CreateInstance provisions an instance, once, and returns when that has been accepted. The error wraps [ErrExists] if the
// name is taken. adopted means that the answer was lost and the instance was found to be ours: the password that it has is
// not certain, so that the caller waits until it is ready and then calls [Client.SetInstancePassword].
func (c *Client) CreateInstance(ctx context.Context, n NewInstance) (adopted bool, err error) {
	defer c.instances.stale()
	return create(ctx, c, creation[Instance]{
		noun: "database instance",
		name: n.Name,
		look: func(ctx context.Context) (*Instance, error) { return c.FreshInstance(ctx, n.Name) },
		send: func(ctx context.Context) error {
			c.instances.stale()
			body := struct{ Name, AdminName, AdminPassword string }{n.Name, n.Username, n.Password}
			return c.tell(ctx, request{
				kind: once, method: "POST", path: []string{"databases", "userdb"}, body: body, secrets: []string{n.Password},
			})
		},
		matches: func(_ context.Context, found *Instance) error { return matchInstance(found, n.Username) },
	})
}

// RestoreInstance makes a new instance, once. As for adopted and errors see [Client.CreateInstance].
func (c *Client) RestoreInstance(ctx context.Context, n RestoreInstance) (adopted bool, err error) {
	defer c.instances.stale()
	return create(ctx, c, creation[Instance]{
		noun: "database instance",
		name: n.Name,
		look: func(ctx context.Context) (*Instance, error) { return c.FreshInstance(ctx, n.Name) },
		send: func(ctx context.Context) error {
			c.instances.stale()
			body := struct{ RestoreName, RestoreTimestamp string }{n.Name, n.Time.UTC().Format(time.RFC3339Nano)}
			return c.tell(ctx, request{
				kind: once, method: "POST", path: []string{"databases", "userdb", n.Source, "restore"}, body: body,
			})
		},
		matches: func(ctx context.Context, found *Instance) error {
			// A restored instance has the roles of its source.
			source, err := c.FreshInstance(ctx, n.Source)
			if err != nil {
				return err
			}
			return matchInstance(found, source.Username)
		},
	})
}

// matchInstance tells why an instance cannot be the one that was asked for. One that is being made may not name its user.
func matchInstance(found *Instance, username string) error {
	switch {
	case found.Linked:
		return errors.New("it is a linked database")
	case found.Username != "" && username != "" && found.Username != username:
		return fmt.Errorf("its user is %q", found.Username)
	}
	return nil
}

// SetInstancePassword sets the password of an instance's user. The instance is not ready for some time after it.
func (c *Client) SetInstancePassword(ctx context.Context, name, password string) error {
	c.instances.stale()
	defer c.instances.stale()
	return c.tell(ctx, request{
		kind: harmless, method: "POST", path: []string{"databases", "userdb", name, "credentials"}, object: name,
		body: struct{ Password string }{password}, secrets: []string{password},
	})
}

// DeleteInstance asks for an instance to be destroyed. One that is gone already is a success.
func (c *Client) DeleteInstance(ctx context.Context, name string) error {
	c.instances.stale()
	defer c.instances.stale()
	err := c.tell(ctx, request{kind: harmless, method: "DELETE", path: []string{"databases", "userdb", name}, object: name})
	if IsNotFound(err) {
		return nil
	}
	return err
}
