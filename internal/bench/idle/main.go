// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command idle serves a provider that has this provider's schemas and does nothing: what Terraform, the protocol and
// the framework alone cost, by which this provider is measured.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	dbos "github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

func main() {
	dbos.Tune()
	err := providerserver.Serve(context.Background(), func() provider.Provider { return idle{dbos.New("idle")()} }, providerserver.ServeOpts{
		Address: "registry.terraform.io/dbos-community/dbos",
	})
	if err != nil {
		log.Fatal(err)
	}
}

type idle struct{ provider.Provider }

func (idle) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (i idle) Resources(ctx context.Context) []func() resource.Resource {
	resources := i.Provider.Resources(ctx)
	for n, dbosResource := range resources {
		resources[n] = func() resource.Resource { return idleResource{dbosResource()} }
	}
	return resources
}

// idleResource has no identity, because the framework refuses a read that returns none.
type idleResource struct{ schemas }

type schemas interface {
	Metadata(context.Context, resource.MetadataRequest, *resource.MetadataResponse)
	Schema(context.Context, resource.SchemaRequest, *resource.SchemaResponse)
}

func (idleResource) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (idleResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (idleResource) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (idleResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
