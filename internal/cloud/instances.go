// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
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

type instanceRecords []instanceRecord

func (records instanceRecords) Check() error {
	for i, r := range records {
		if err := r.Check(); err != nil {
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
		Provisioned:       r.IsLinked != nil && !*r.IsLinked,
		Linked:            r.IsLinked != nil && *r.IsLinked,
		SupabaseReference: r.SupabaseReference,
	}
}

func (c *Client) instanceReader() reader[Instance] {
	return reader[Instance]{
		noun:   "database instance",
		isNew:  func(name string) bool { return c.justCreated(instanceNamed(name)) },
		one:    c.instance,
		list:   c.listInstances,
		name:   func(i Instance) string { return i.Name },
		status: func(i Instance) string { return i.Status },
	}
}

func (c *Client) instance(ctx context.Context, name string, how api.Kind) (*Instance, error) {
	r := api.Request{Kind: how, Method: "GET", Path: []string{"databases", "userdb", "info", name}, Object: instanceNamed(name)}
	record, err := api.Do[instanceRecord](ctx, c.api, r)
	if err != nil {
		return nil, err
	}
	if record.PostgresInstanceName != name {
		return nil, fmt.Errorf("DBOS Cloud was asked for database instance %q and answered with another, %q", name, redact.Line(record.PostgresInstanceName))
	}
	instance := record.instance()
	return &instance, nil
}

func (c *Client) listInstances(ctx context.Context, how api.Kind) ([]Instance, error) {
	records, err := api.Do[instanceRecords](ctx, c.api, api.Request{Kind: how, Method: "GET", Path: []string{"databases"}})
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

// Instance reads an instance. Concurrent reads share one list call.
func (c *Client) Instance(ctx context.Context, name string) (*Instance, error) {
	return c.instances.get(ctx, name)
}

// FreshInstance asks the API for this instance now.
func (c *Client) FreshInstance(ctx context.Context, name string) (*Instance, error) {
	return c.instance(ctx, name, api.Read)
}

// Instances reads all instances, sorted by name.
func (c *Client) Instances(ctx context.Context) ([]Instance, error) {
	return c.instances.all(ctx)
}
