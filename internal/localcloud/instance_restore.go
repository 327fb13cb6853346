// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

func (s *Server) restoreInstance(r *http.Request) (any, error) {
	fields := readBody(r, "RestoreName", "RestoreTimestamp")
	target, timestamp := fields.text("RestoreName"), fields.text("RestoreTimestamp")
	if fields.err != nil {
		return nil, fields.err
	}
	// The lock keeps the source from being changed or destroyed until the restore is done.
	name := r.PathValue("name")
	lock := s.instanceLocks.of(name)
	if !lock.TryRLock() {
		return nil, refuse(http.StatusConflict, "database %s is not in an available state", name)
	}
	if err := s.acceptRestore(name, target, timestamp); err != nil {
		lock.RUnlock()
		return nil, err
	}
	s.restoreInBackground(lock, target)
	return nil, nil
}

// restoreInBackground carries out an accepted restore. It takes over the read lock of the source from the caller.
func (s *Server) restoreInBackground(lock *sync.RWMutex, target string) {
	begun := s.background(func() {
		defer lock.RUnlock()
		s.provision(target)
	})
	if !begun {
		lock.RUnlock()
	}
}

func (s *Server) acceptRestore(name, target, timestamp string) error {
	source, err := s.findInstance(name)
	if err != nil {
		return err
	}
	at, err := s.checkRestore(source, target, timestamp)
	if err != nil {
		return err
	}
	return s.addInstance(instance{
		Name:      target,
		Status:    statusCreating,
		Begun:     time.Now(),
		Username:  source.Username,
		AdminName: source.AdminName,
		Source:    name,
		RestoreTo: at,
	})
}

// validTimestamp refuses what time.Parse accepts beyond RFC 3339, such as a comma before the fraction.
var validTimestamp = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}){2}[Tt][0-9]{2}(:[0-9]{2}){2}([.][0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

func (s *Server) checkRestore(source instance, target, timestamp string) (time.Time, error) {
	if source.Linked {
		return time.Time{}, badRequest("database %s is linked: only the databases of this cloud can be restored", source.Name)
	}
	if target == source.Name {
		return time.Time{}, badRequest("database %s cannot be restored onto itself: choose another name", target)
	}
	if err := s.checkInstanceName(target); err != nil {
		return time.Time{}, err
	}
	if _, err := s.findInstance(target); err == nil {
		return time.Time{}, exists("database", target)
	}
	at, err := time.Parse(time.RFC3339, strings.ToUpper(timestamp))
	if err != nil || !validTimestamp.MatchString(timestamp) {
		return time.Time{}, badRequest("RestoreTimestamp %q is not in RFC 3339 format, such as 2009-09-07T23:45:00Z", timestamp)
	}
	if err := s.requireReady(source); err != nil {
		return time.Time{}, err
	}
	return at.UTC(), s.checkRetention(source, at)
}

// checkRetention refuses a time that the backups do not reach.
func (s *Server) checkRetention(source instance, at time.Time) error {
	now := time.Now()
	if at.After(now) {
		return badRequest("RestoreTimestamp %s is in the future", at.Format(time.RFC3339Nano))
	}
	if since := now.Add(-s.options.Retention); at.Before(since) {
		return badRequest("RestoreTimestamp %s is outside the backup retention period of %s", at.Format(time.RFC3339Nano), s.options.Retention)
	}
	since, err := s.backend.RestorableSince(source.Name)
	if err != nil {
		return refuse(http.StatusInternalServerError, "backups of database %s: %s", source.Name, err)
	}
	if since.IsZero() {
		since = source.Ready
	}
	if at.Before(since) {
		return badRequest("RestoreTimestamp %s is before the first backup of database %s, which can be restored since %s",
			at.Format(time.RFC3339Nano), source.Name, since.UTC().Format(time.RFC3339Nano))
	}
	return nil
}
