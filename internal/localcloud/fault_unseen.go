// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"sync"
	"time"
)

// creationTimes are the times at which objects were made, for faults that hide new objects. They do not outlive the
// process.
type creationTimes struct {
	mu    sync.Mutex
	times map[string]time.Time
}

func (b *creationTimes) record(kind, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.times == nil {
		b.times = map[string]time.Time{}
	}
	b.times[kind+"/"+name] = time.Now()
}

func (b *creationTimes) forget(kind, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.times, kind+"/"+name)
}

func (b *creationTimes) of(kind, name string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.times[kind+"/"+name]
}

// unseenKey holds a fault's Unseen in the context of the request that it hits.
type unseenKey struct{}

// isUnseen tells whether a fault hides an object, which was made at a time, from a read.
func isUnseen(r *http.Request, made time.Time) bool {
	d, ok := r.Context().Value(unseenKey{}).(time.Duration)
	return ok && time.Since(made) < d
}
