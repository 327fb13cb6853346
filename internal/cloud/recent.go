// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"sync"
	"time"
)

// object is what a call is about, as messages of the API name it.
type object struct {
	noun string // "database instance", "application"
	name string
}

func instanceNamed(name string) object    { return object{"database instance", name} }
func applicationNamed(name string) object { return object{"application", name} }

// creations remembers what this process has created. A record may be visible only some seconds after the service has
// accepted it, so that "not found" is not believed for some time after a create of our own.
type creations struct {
	mu   sync.Mutex
	when map[object]time.Time
}

// add notes that the service has accepted a create.
func (c *creations) add(o object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.when == nil {
		c.when = map[object]time.Time{}
	}
	c.when[o] = time.Now()
}

// remove is called before a delete: from then on "not found" is what is expected.
func (c *creations) remove(o object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.when, o)
}

// since reports whether the object was created within the last period.
func (c *creations) since(o object, period time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	when, ok := c.when[o]
	return ok && time.Since(when) < period
}

// justCreated reports whether an object is so new that its record may not be visible yet.
func (c *Client) justCreated(o object) bool { return c.created.since(o, c.timing.Appearing) }

// UnseenError is an object that the service has accepted, and whose record could not be read afterwards. Nothing is lost:
// the object exists.
type UnseenError struct {
	Kind string // "application", "database instance", "secret"
	Name string
	Err  error // of the last read
}

func (e *UnseenError) Error() string {
	return fmt.Sprintf("%s %q was accepted, but its record could not be read: %v", e.Kind, e.Name, e.Err)
}

func (e *UnseenError) Unwrap() error { return e.Err }
