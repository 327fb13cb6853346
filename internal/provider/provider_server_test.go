// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

type contextKey struct{}

// holdsContext tells whether a server holds the values of a request's context after the request has ended.
func holdsContext(t *testing.T, server tfprotov6.ProviderServer) bool {
	t.Helper()
	var loggers weak.Pointer[[1 << 16]byte]
	func() {
		heavy := new([1 << 16]byte)
		loggers = weak.Make(heavy)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, heavy))
		defer cancel()
		if _, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "dbos_nothing"}); err != nil {
			t.Error(err)
		}
	}()
	runtime.GC()
	held := loggers.Value() != nil
	runtime.KeepAlive(server)
	return held
}

func TestServerForgetsTheContextOfARequest(t *testing.T) {
	t.Parallel()
	if holdsContext(t, NewServer("test")()) {
		t.Error("a request that has ended still holds its context's values")
	}
}

func TestFrameworkStillHoldsTheContextOfARequest(t *testing.T) {
	t.Parallel()
	if !holdsContext(t, providerserver.NewProtocol6(New("test")())()) {
		t.Error("the framework lets go of a request's context now: serve the provider without forgetful, and delete it")
	}
}

func TestServerHasTheOptionalPartsOfTheProtocol(t *testing.T) {
	t.Parallel()
	server := NewServer("test")()
	if _, ok := server.(forgetful); !ok {
		t.Errorf("the server is a %T", server)
	}
	if _, ok := server.(tfprotov6.ListResourceServer); !ok {
		t.Error("the server has no lists")
	}
	if _, ok := server.(tfprotov6.ActionServer); !ok {
		t.Error("the server has no actions")
	}
}

// reader is a server that shows the context of a read.
type reader struct {
	completeServer
	during func(context.Context)
}

func (r reader) ReadResource(ctx context.Context, _ *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	child, cancel := context.WithCancel(ctx)
	defer cancel()
	r.during(child)
	return &tfprotov6.ReadResourceResponse{}, nil
}

func TestServerPassesValuesAndACancelOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	server := forgetful{reader{during: func(ctx context.Context) {
		if ctx.Value(contextKey{}) != "value" {
			t.Error("the request does not see its context's values")
		}
		cancel()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the request's context ended with %v", ctx.Err())
		}
	}}}
	if _, err := server.ReadResource(ctx, nil); err != nil {
		t.Error(err)
	}
}
