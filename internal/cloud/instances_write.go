// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// NewInstance describes an instance to provision.
type NewInstance struct {
	Name     string
	Username string
	Password string
}

// RestoreInstance describes a new instance that holds the data of another one at a point in time.
type RestoreInstance struct {
	Source string
	Name   string
	Time   time.Time
}

// CreateInstance provisions an instance exactly once. It returns when the service has accepted the create. The error
// wraps [ErrExists] if the name is taken. The record may appear some seconds later; [Client.WaitInstance] waits for it.
//
// found says that the answer was lost, and that the instance was then found and is ours. Its password is uncertain: the
// caller waits until the instance is ready and calls [Client.SetInstancePassword].
func (c *Client) CreateInstance(ctx context.Context, n NewInstance) (found bool, err error) {
	return c.createInstance(ctx, n.Name, api.Request{
		Kind: api.Write, Method: "POST", Path: []string{"databases", "userdb"},
		Body: struct{ Name, AdminName, AdminPassword string }{n.Name, n.Username, n.Password}, Secrets: []string{n.Password},
	}, func(_ context.Context, i *Instance) error { return matchInstance(i, n.Username) })
}

// RestoreInstance makes a new instance exactly once. It returns the same as [Client.CreateInstance].
func (c *Client) RestoreInstance(ctx context.Context, n RestoreInstance) (found bool, err error) {
	return c.createInstance(ctx, n.Name, api.Request{
		Kind: api.Write, Method: "POST", Path: []string{"databases", "userdb", n.Source, "restore"}, Needs: []api.Object{instanceNamed(n.Source)},
		Body: struct{ RestoreName, RestoreTimestamp string }{n.Name, n.Time.UTC().Format(time.RFC3339Nano)},
	}, func(ctx context.Context, i *Instance) error {
		// A restored instance has the user of its source. If the source cannot be read, any user matches.
		source, err := c.FreshInstance(ctx, n.Source)
		if err != nil {
			return matchInstance(i, "")
		}
		return matchInstance(i, source.Username)
	})
}

// createInstance creates an instance or a link exactly once.
func (c *Client) createInstance(ctx context.Context, name string, r api.Request, matches func(context.Context, *Instance) error) (found bool, err error) {
	defer c.instances.invalidate() // The service may carry out a lost create after its call has ended.
	return create(ctx, c, createSteps[Instance]{
		Object:  instanceNamed(name),
		look:    func(ctx context.Context) (*Instance, error) { return c.FreshInstance(ctx, name) },
		send:    func(ctx context.Context) error { return c.writeInstance(ctx, r) },
		matches: matches,
	})
}

// writeInstance sends a write to an instance or a link. No later read uses a list from before its end.
func (c *Client) writeInstance(ctx context.Context, r api.Request) error {
	c.instances.invalidate()
	defer c.instances.invalidate()
	return c.api.Send(ctx, r)
}

// matchInstance returns an error if an instance cannot be the requested one. A new instance may not have a user yet. An
// empty username matches every user.
func matchInstance(found *Instance, username string) error {
	switch {
	case found.Linked:
		return errors.New("it is a linked database")
	case found.Username != "" && username != "" && found.Username != username:
		return fmt.Errorf("its user is %q", found.Username)
	}
	return nil
}

// SetInstancePassword sets the password of an instance's user. Afterwards the instance is not ready for some time.
func (c *Client) SetInstancePassword(ctx context.Context, name, password string) error {
	return c.writeInstance(ctx, api.Request{
		Kind: api.IdempotentWrite, Method: "POST", Path: []string{"databases", "userdb", name, "credentials"}, Object: instanceNamed(name),
		Body: struct{ Password string }{password}, Secrets: []string{password},
	})
}

// DeleteInstance asks the service to destroy an instance. An instance that is gone, or is being deleted, is a success.
func (c *Client) DeleteInstance(ctx context.Context, name string) error {
	c.created.remove(instanceNamed(name))
	err := c.writeInstance(ctx, api.Request{Kind: api.IdempotentWrite, Method: "DELETE", Path: []string{"databases", "userdb", name}, Object: instanceNamed(name)})
	switch {
	case err == nil, IsNotFound(err):
		return nil
	case api.IsRefused(err):
		if found, lookErr := c.FreshInstance(ctx, name); IsNotFound(lookErr) || lookErr == nil && found.Deleting() {
			return nil
		}
	}
	return err
}
