// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
)

var (
	applicationName       = regexp.MustCompile(`^[a-z0-9_-]{3,30}$`)
	legacyApplicationName = regexp.MustCompile(`^[a-z0-9_-]{3,256}$`)
	languages             = []string{"node", "python", "go", "java"}
)

const (
	leastMemory   = 512
	mostMemory    = 5120
	defaultMemory = 512
)

func (s *Server) checkApplicationName(name string) error {
	switch {
	case name == "secrets":
		return badRequest("invalid application name %q: the path of its deploys is the secrets' endpoint", name)
	case s.options.LegacyNames && legacyApplicationName.MatchString(name), applicationName.MatchString(name):
		return nil
	default:
		return badRequest("invalid application name %q: 3 to 30 characters of a-z, 0-9, - and _", name)
	}
}

func (s *Server) registerApplication(r *http.Request) (any, error) {
	fields := readBody(r, "name", "database", "language", "provenancedb", "executors_memory_mib")
	a := application{
		ID: newUUID(), Status: appUnavailable, MemoryMiB: defaultMemory,
		Name: fields.text("name"), Instance: fields.text("database"), Language: fields.text("language"),
	}
	provenance, memory := fields.optionalText("provenancedb"), fields.number("executors_memory_mib")
	if err := cmp.Or(fields.err, s.checkApplicationName(a.Name), checkLanguage(a.Language), checkMemory(memory)); err != nil {
		return nil, err
	}
	if provenance != "" && provenance != a.Instance {
		return nil, badRequest("provenancedb %q is neither empty nor the application's database %q", provenance, a.Instance)
	}
	a.TimeTravel = provenance != ""
	if memory != nil {
		a.MemoryMiB = *memory
	}
	return a.ID, s.store.change(func(st *state) error {
		if _, taken := st.applications.get(a.Name); taken {
			return exists("application", a.Name)
		}
		i, err := lookUpInstance(st, a.Instance)
		if err != nil {
			return err
		}
		if err := s.requireReady(i); err != nil {
			return err
		}
		st.applications.put(a.Name, a)
		s.creationTimes.record("application", a.Name)
		return nil
	})
}

func checkLanguage(language string) error {
	if slices.Contains(languages, language) {
		return nil
	}
	return badRequest("unknown language %q: node, python, go or java", language)
}

func checkMemory(mib *int64) error {
	if mib == nil || *mib >= leastMemory && *mib <= mostMemory {
		return nil
	}
	return badRequest("executors_memory_mib %d is not between %d and %d", *mib, leastMemory, mostMemory)
}

func (s *Server) updateApplication(r *http.Request) (any, error) {
	fields := readBody(r, "executors_memory_mib", "min_vms", "max_vms")
	memory, least, most := fields.number("executors_memory_mib"), fields.number("min_vms"), fields.number("max_vms")
	if err := cmp.Or(fields.err, checkMemory(memory)); err != nil {
		return nil, err
	}
	return nil, s.changeApplication(r.PathValue("app"), func(a *application) error {
		if memory != nil {
			a.MemoryMiB = *memory
		}
		if least != nil {
			a.MinVMs = least
		}
		if most != nil {
			a.MaxVMs = most
		}
		return checkScale(a.MinVMs, a.MaxVMs)
	})
}

func checkScale(least, most *int64) error {
	switch {
	case least != nil && *least < 0:
		return badRequest("min_vms %d is negative", *least)
	case most != nil && *most < 1:
		return badRequest("max_vms %d is less than 1", *most)
	case least != nil && most != nil && *least > *most:
		return badRequest("min_vms %d is more than max_vms %d", *least, *most)
	default:
		return nil
	}
}
