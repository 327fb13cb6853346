// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer returns a constructor of the provider as Terraform's plugin protocol sees it.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer { return newServer(New(version)()) }
}

func newServer(p provider.Provider) tfprotov6.ProviderServer {
	server := providerserver.NewProtocol6(p)()
	complete, ok := server.(completeServer)
	if !ok { // A framework that drops a part of the protocol still serves the others.
		return server
	}
	return forgetful{complete}
}

// completeServer is the protocol with the parts that a server may leave out.
type completeServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// forgetful lets go of a request's context when the request ends.
//
// The framework keeps it: as of terraform-plugin-framework 1.19.0, Server.registerContext
// (internal/proto6server/serve.go) stores the cancel function of every request until Terraform stops the provider, and
// with it the request's context and some ten kilobytes of loggers. A plan of a thousand objects makes five thousand
// requests. Only the requests that come once for each object are worth the trouble; the others pass through.
type forgetful struct {
	completeServer
}

func (s forgetful) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return forgetting(ctx, req, s.completeServer.ValidateResourceConfig)
}

func (s forgetful) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return forgetting(ctx, req, s.completeServer.UpgradeResourceState)
}

func (s forgetful) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return forgetting(ctx, req, s.completeServer.UpgradeResourceIdentity)
}

func (s forgetful) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return forgetting(ctx, req, s.completeServer.ReadResource)
}

func (s forgetful) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return forgetting(ctx, req, s.completeServer.PlanResourceChange)
}

func (s forgetful) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return forgetting(ctx, req, s.completeServer.ApplyResourceChange)
}

func forgetting[Request, Response any](ctx context.Context, req Request, call func(context.Context, Request) (Response, error)) (Response, error) {
	short := &shortLived{}
	short.inner.Store(&ctx)
	defer short.forget()
	return call(short, req)
}

// shortLived is a context that stands for another one until it forgets it.
type shortLived struct {
	inner atomic.Pointer[context.Context]
}

func (c *shortLived) forget() {
	nothing := context.Background()
	c.inner.Store(&nothing)
}

func (c *shortLived) Deadline() (time.Time, bool) { return (*c.inner.Load()).Deadline() }

func (c *shortLived) Done() <-chan struct{} { return (*c.inner.Load()).Done() }

func (c *shortLived) Err() error { return (*c.inner.Load()).Err() }

func (c *shortLived) Value(key any) any { return (*c.inner.Load()).Value(key) }
