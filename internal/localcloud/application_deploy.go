// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// deploy deploys an archive or a previous version on the instance that the application is on.
func (s *Server) deploy(r *http.Request) (any, error) { return s.acceptDeploy(r, false) }

// changeInstance moves an application to another instance and deploys it there.
func (s *Server) changeInstance(r *http.Request) (any, error) { return s.acceptDeploy(r, true) }

// acceptDeploy answers when the migrations have run. Once the request has arrived whole, the deploy goes on even if the
// client goes away.
func (s *Server) acceptDeploy(r *http.Request, moving bool) (any, error) {
	name := r.PathValue("app")
	unlock, err := s.lockApplication(name, deploying)
	if err != nil {
		return nil, err
	}
	request, err := s.readDeploy(r)
	if err == nil {
		err = request.checkTarget(moving)
	}
	if err != nil {
		unlock()
		return nil, err
	}
	type outcome struct {
		version string
		err     error
	}
	done := make(chan outcome, 1)
	s.background(func() {
		version, err := s.runDeploy(name, request)
		request.discard()
		if err = errors.Join(err, s.store.sync()); err != nil {
			unlock()
			done <- outcome{err: err}
			return
		}
		done <- outcome{version: version}
		s.lag() // The new version starts during this time.
		unlock()
	})
	select {
	case o := <-done:
		return deployAnswer{ApplicationName: name, ApplicationVersion: o.version}, o.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (d *deployRequest) checkTarget(moving bool) error {
	if moving == (d.target != "") {
		return nil
	}
	d.discard()
	if moving {
		return badRequest("target_database_name is missing")
	}
	return badRequest("target_database_name belongs to changedbinstance: a deploy does not move an application")
}

// runDeploy creates the database, runs the migrations in it, and stores the version. If a step fails, the application
// stays as it was.
func (s *Server) runDeploy(name string, d *deployRequest) (id string, err error) {
	defer s.recovered("deploy "+name, &err)
	a, err := s.findApplication(name)
	if err != nil {
		return "", err
	}
	archive, err := s.archiveOf(a, d)
	if err != nil {
		return "", err
	}
	config, err := readConfig(archive)
	if err != nil {
		return "", err
	}
	database, err := a.databaseName(config)
	if err != nil {
		return "", err
	}
	instance := cmp.Or(d.target, a.Instance)
	if err := s.reserve(name, instance, database); err != nil {
		return "", err
	}
	if err := s.migrate(a, instance, database, archive, config); err != nil {
		return "", err
	}
	if id = d.previous; id == "" {
		if id, err = s.keepArchive(a, d); err != nil {
			return "", err
		}
	}
	s.saveApplication(name, func(a *application) {
		if d.previous == "" {
			a.Versions = append(slices.Clone(a.Versions), version{ID: id, Created: time.Now().UTC()})
		}
		a.Instance, a.Database, a.Version, a.Status = instance, database, id, appAvailable
	})
	return id, nil
}

// archiveOf is the path of the archive to deploy: the one that was sent, or that of a previous version.
func (s *Server) archiveOf(a application, d *deployRequest) (string, error) {
	if d.previous == "" {
		return d.archive, nil
	}
	if !slices.ContainsFunc(a.Versions, func(v version) bool { return v.ID == d.previous }) {
		return "", badRequest("application %s has no version %s", a.Name, d.previous)
	}
	return s.dir.file("archives", a.ID, d.previous+".zip"), nil
}

// migrate creates the application's database and runs the migrations in it. It holds the instance's lock, so that
// nothing destroys the instance meanwhile.
func (s *Server) migrate(a application, instanceName, database, archive string, c config) error {
	lock := s.instanceLocks.of(instanceName)
	if !lock.TryRLock() {
		return refuse(http.StatusConflict, "database %s is not in an available state", instanceName)
	}
	defer lock.RUnlock()
	i, err := s.findInstance(instanceName)
	if err != nil {
		return err
	}
	if err := s.requireReady(i); err != nil {
		return err
	}
	if err := s.backend.CreateDatabase(s.ctx, i.target(), database); err != nil {
		return refuse(http.StatusInternalServerError, "create database %s on instance %s: %s", database, instanceName, err)
	}
	output, err := s.backend.Migrate(s.ctx, backend.Migration{
		On: i.target(), Database: database, Archive: archive, Commands: c.Migrate, Secrets: a.Secrets,
	})
	var failed *backend.CommandError
	var unpacked *backend.ArchiveError
	switch {
	case errors.As(err, &unpacked):
		return badArchive(unpacked)
	case errors.As(err, &failed):
		return &apiError{
			status:  http.StatusBadRequest,
			message: "application " + a.Name + " could not be deployed: its migration failed: " + failed.Error(),
			detail:  cmp.Or(output, failed.Error()),
		}
	case err != nil:
		return refuse(http.StatusInternalServerError, "run the migrations of application %s: %s", a.Name, err)
	}
	return nil
}

// keepArchive stores a deployed archive under its new version. A version is the time in milliseconds, as in DBOS Cloud,
// and later than every version before it.
func (s *Server) keepArchive(a application, d *deployRequest) (id string, err error) {
	number := time.Now().UnixMilli()
	if len(a.Versions) > 0 {
		if last, err := strconv.ParseInt(a.Versions[len(a.Versions)-1].ID, 10, 64); err == nil {
			number = max(number, last+1)
		}
	}
	id = strconv.FormatInt(number, 10)
	folder := s.dir.file("archives", a.ID)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	if err := os.Rename(d.archive, filepath.Join(folder, id+".zip")); err != nil {
		return "", err
	}
	d.archive = ""
	return id, syncFolder(folder)
}
