// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer returns a constructor of the provider as Terraform's plugin
// protocol sees it.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		return forgetful{providerserver.NewProtocol6(New(version)())()}
	}
}

// forgetful lets a request's context go when the request ends. The framework
// keeps the context of every request for as long as the process runs, to be
// able to cancel it, and with it some ten kilobytes of loggers: a plan of a
// thousand objects makes four thousand requests. (Embedding leaves out the
// protocol's optional parts, none of which this provider has.)
type forgetful struct {
	tfprotov6.ProviderServer
}

func (s forgetful) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return forgetting(ctx, req, s.ProviderServer.ValidateResourceConfig)
}

func (s forgetful) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return forgetting(ctx, req, s.ProviderServer.UpgradeResourceState)
}

func (s forgetful) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return forgetting(ctx, req, s.ProviderServer.ReadResource)
}

func (s forgetful) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return forgetting(ctx, req, s.ProviderServer.PlanResourceChange)
}

func (s forgetful) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return forgetting(ctx, req, s.ProviderServer.ApplyResourceChange)
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
