// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"time"
)

// A local cloud has one user, whose name is that of the organization.

func (s *Server) profile(*http.Request) (any, error) {
	var created time.Time
	s.store.view(func(st *state) { created = st.account.Created })
	return profileAnswer{
		Name:             s.options.Organization,
		Email:            s.options.Organization + "@localhost",
		Organization:     s.options.Organization,
		SubscriptionPlan: "free",
		IsOrgAdmin:       true,
		CreatedAt:        created.Format(time.RFC3339),
	}, nil
}

func (s *Server) registerUser(*http.Request) (any, error) {
	return nil, exists("user", s.options.Organization)
}

func (s *Server) users(*http.Request) (any, error) {
	return usersAnswer{OrgName: s.options.Organization, UserNames: []string{s.options.Organization}}, nil
}
