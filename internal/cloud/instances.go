// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// Instance is a database instance, provisioned or linked. Older servers do not say which: then both fields are false.
type Instance struct {
	Name              string
	Status            string
	Hostname          string // "" until it has one
	Port              int64
	Username          string
	AdminUsername     string // "" on older servers
	Provisioned       bool
	Linked            bool
	SupabaseReference string
}

// Available reports whether clients can connect. That includes a backup under way, but not a missing host name.
func (i Instance) Available() bool {
	return (strings.EqualFold(i.Status, "available") || strings.EqualFold(i.Status, "backing-up")) && i.Hostname != ""
}

// Deleting reports whether a deletion is under way.
func (i Instance) Deleting() bool { return strings.EqualFold(i.Status, "deleting") }

// instanceRecord is the type UserDBInstance of the API. Older servers send AdminUsername, and none of the fields after
// it.
type instanceRecord struct {
	PostgresInstanceName string
	Status               string
	HostName             string
	Port                 int64
	DatabaseUsername     string
	AdminUsername        string
	DBOSAdminName        string
	IsLinked             *bool
	SupabaseReference    string
}

func (r instanceRecord) Check() error {
	if r.PostgresInstanceName == "" {
		return errors.New("there is no PostgresInstanceName")
	}
	return nil
}

func (r instanceRecord) name() string { return r.PostgresInstanceName }

func (r instanceRecord) object() Instance {
	return Instance{
		Name:              r.PostgresInstanceName,
		Status:            r.Status,
		Hostname:          r.HostName,
		Port:              r.Port,
		Username:          cmp.Or(r.DatabaseUsername, r.AdminUsername),
		AdminUsername:     r.DBOSAdminName,
		Provisioned:       r.IsLinked != nil && !*r.IsLinked,
		Linked:            r.IsLinked != nil && *r.IsLinked,
		SupabaseReference: r.SupabaseReference,
	}
}

func (c *Client) instanceReader() reader[Instance] {
	return reader[Instance]{
		noun:  "database instance",
		isNew: func(name string) bool { return c.justCreated(instanceNamed(name)) },
		one: func(ctx context.Context, name string, how api.Kind) (*Instance, error) {
			return readOne[instanceRecord](ctx, c.api, api.Request{Kind: how, Method: "GET", Path: []string{"databases", "userdb", "info", name}, Object: instanceNamed(name)})
		},
		list: func(ctx context.Context, how api.Kind) ([]Instance, error) {
			return readList[records[instanceRecord]](ctx, c.api, api.Request{Kind: how, Method: "GET", Path: []string{"databases"}})
		},
		name:   func(i Instance) string { return i.Name },
		status: func(i Instance) string { return i.Status },
	}
}

// Instance reads an instance. Concurrent reads share one list call.
func (c *Client) Instance(ctx context.Context, name string) (*Instance, error) {
	return c.instances.get(ctx, name)
}

// FreshInstance asks the API for this instance now.
func (c *Client) FreshInstance(ctx context.Context, name string) (*Instance, error) {
	return c.instances.one(ctx, name, api.Read)
}

// Instances reads all instances, sorted by name.
func (c *Client) Instances(ctx context.Context) ([]Instance, error) {
	return c.instances.all(ctx)
}
