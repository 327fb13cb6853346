// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

func instanceNamed(name string) api.Object    { return api.Object{Noun: "database instance", Name: name} }
func applicationNamed(name string) api.Object { return api.Object{Noun: "application", Name: name} }

// creations remembers what this process has created. A record may be visible only some seconds after the service has
// accepted it, so that "not found" is not believed for some time after a create of our own.
type creations struct {
	mu   sync.Mutex
	when map[api.Object]time.Time
}

// add notes that the service has accepted a create.
func (c *creations) add(o api.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.when == nil {
		c.when = map[api.Object]time.Time{}
	}
	c.when[o] = time.Now()
}

// remove is called before a delete: from then on "not found" is what is expected.
func (c *creations) remove(o api.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.when, o)
}

// since reports whether the object was created within the last period.
func (c *creations) since(o api.Object, period time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	when, ok := c.when[o]
	return ok && time.Since(when) < period
}

// justCreated reports whether an object is so new that its record may not be visible yet.
func (c *Client) justCreated(o api.Object) bool { return c.created.since(o, c.timing.Appearing) }
