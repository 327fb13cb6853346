// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"slices"
	"sync"
)

// heldStatuses are the statuses that tests make instances answer.
type heldStatuses struct {
	mu     sync.Mutex
	last   int
	active []heldStatus
}

type heldStatus struct {
	id               int
	instance, status string
}

// HoldStatus makes an instance answer a status, and behave by it, until release is called. The newest of several holds
// counts. The instance need not exist yet.
func (s *Server) HoldStatus(instance, status string) (release func()) {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	s.holds.last++
	id := s.holds.last
	s.holds.active = append(s.holds.active, heldStatus{id: id, instance: instance, status: status})
	return func() {
		s.holds.mu.Lock()
		defer s.holds.mu.Unlock()
		s.holds.active = slices.DeleteFunc(s.holds.active, func(h heldStatus) bool { return h.id == id })
	}
}

// status is the one that an instance answers.
func (s *Server) status(i instance) string {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	for _, h := range slices.Backward(s.holds.active) {
		if h.instance == i.Name {
			return h.status
		}
	}
	if i.Down && i.Status == statusAvailable {
		return statusFailed
	}
	return i.Status
}
