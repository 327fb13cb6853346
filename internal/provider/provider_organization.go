// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// organizationAttribute is the computed organization of every resource.
func organizationAttribute() schema.Attribute {
	return computedText("Organization that owns the object. It is an error to read, change or destroy the object in another organization. " +
		"Therefore a wrong token or provider alias never makes an object look deleted, and never changes another object with the same name.")
}

// inOrganization returns the client and its organization. It is an error if an object was recorded under the name of
// another organization; recorded is null for a create and for an import by id. The record, "state" or "import", says
// where the name comes from.
func (s *session) inOrganization(ctx context.Context, object, record string, recorded types.String, diags *diag.Diagnostics) (*cloud.Client, types.String, bool) {
	client, ok := s.connected(diags)
	if !ok {
		return nil, types.String{}, false
	}
	organization, err := client.Organization(ctx)
	if err != nil {
		addError(diags, "Cannot find the organization of "+object, err, "")
		return nil, types.String{}, false
	}
	if !s.claimFormerNames(organization, diags) {
		return nil, types.String{}, false
	}
	if known := recorded.ValueString(); known != "" && known != organization && !slices.Contains(s.formerNames, known) {
		diags.AddError("Another organization owns "+object,
			fmt.Sprintf("The %s names organization %q, but the provider works in organization %q. Nothing was read or changed. "+
				"Use the token, organization or provider alias of %q. If the organization was renamed, add %q to organization_former_names of provider \"dbos\".",
				record, known, organization, known, known))
		return nil, types.String{}, false
	}
	return client, types.StringValue(organization), true
}

// renames replaces a former name of the organization by the present one, and tells whether it did. It is for plans: a
// look-up that fails changes nothing.
func (s *session) renames(ctx context.Context, organization *types.String) bool {
	client := s.planningClient()
	if client == nil || !slices.Contains(s.formerNames, organization.ValueString()) {
		return false
	}
	present, err := client.Organization(ctx)
	if err != nil || present == organization.ValueString() {
		return false
	}
	*organization = types.StringValue(present)
	return true
}

// formerNames holds the organization_former_names of all providers in this process, by endpoint and organization. One
// process serves several aliases when it is being debugged; otherwise each alias has a process of its own.
var formerNames = struct {
	sync.Mutex
	byOrganization map[[2]string][]string
}{byOrganization: map[[2]string][]string{}}

// claimFormerNames refuses a former name that a provider with another organization has too: an object recorded under it
// could belong to either. Two names of one organization are no conflict; then one of them is a former name of the
// other.
func (s *session) claimFormerNames(organization string, diags *diag.Diagnostics) bool {
	if len(s.formerNames) == 0 {
		return true
	}
	formerNames.Lock()
	defer formerNames.Unlock()
	for owner, names := range formerNames.byOrganization {
		endpoint, other := owner[0], owner[1]
		if endpoint != s.endpoint || other == organization || slices.Contains(names, organization) || slices.Contains(s.formerNames, other) {
			continue
		}
		for _, name := range s.formerNames {
			if slices.Contains(names, name) {
				diags.AddAttributeError(path.Root("organization_former_names"), fmt.Sprintf("Two organizations claim the former name %q", name),
					fmt.Sprintf("The providers for organizations %q and %q both have it in organization_former_names, so an object whose state names %q could belong to either. "+
						"Nothing was read or changed. Remove the name from the organization that never had it.", other, organization, name))
				return false
			}
		}
	}
	formerNames.byOrganization[[2]string{s.endpoint, organization}] = s.formerNames
	return true
}
