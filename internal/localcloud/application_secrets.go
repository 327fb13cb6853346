// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
)

var (
	secretName      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reservedSecrets = []string{"DBOS_DATABASE_URL", "DBOS_APP_HOSTNAME"}
)

func checkSecretName(name string) error {
	switch {
	case !secretName.MatchString(name):
		return badRequest("invalid secret name %q: it is not the name of an environment variable", name)
	case slices.Contains(reservedSecrets, name):
		return badRequest("invalid secret name %q: it is reserved", name)
	default:
		return nil
	}
}

func (s *Server) setSecret(r *http.Request) (any, error) {
	fields := readBody(r, "ApplicationName", "SecretName", "ClearSecretValue")
	app, name := fields.text("ApplicationName"), fields.text("SecretName")
	if !fields.has("ClearSecretValue") {
		fields.fail("ClearSecretValue is missing")
	}
	value := fields.optionalText("ClearSecretValue") // it may be empty
	if err := cmp.Or(fields.err, checkSecretName(name)); err != nil {
		return nil, err
	}
	return nil, s.changeApplication(app, func(a *application) error {
		if a.Secrets == nil {
			a.Secrets = map[string]string{}
		}
		if _, known := a.Secrets[name]; !known {
			s.creationTimes.record("secret", app+"/"+name)
		}
		a.Secrets[name] = value
		return nil
	})
}

func (s *Server) listSecrets(r *http.Request) (any, error) {
	a, err := s.findApplication(r.PathValue("app"))
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(a.Secrets))
	names = slices.DeleteFunc(names, func(name string) bool { return isUnseen(r, s.creationTimes.of("secret", a.Name+"/"+name)) })
	return append([]string{}, names...), nil
}

func (s *Server) deleteSecret(r *http.Request) (any, error) {
	name := r.PathValue("name")
	return noContent{}, s.changeApplication(r.PathValue("app"), func(a *application) error {
		if _, ok := a.Secrets[name]; !ok {
			return notFound("secret", name)
		}
		delete(a.Secrets, name)
		s.creationTimes.forget("secret", a.Name+"/"+name)
		return nil
	})
}
