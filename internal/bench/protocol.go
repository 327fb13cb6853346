// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// client drives a provider by the protocol, without Terraform: what is measured is the provider alone. The messages are
// written by hand, since the library keeps its own to itself.
type client struct {
	*plugin
	schema *tfprotov6.GetProviderSchemaResponse
}

// dial starts the provider and configures it for a cloud.
func (b *bench) dial(ctx context.Context, server *localcloud.Server) (*client, error) {
	schema, err := provider.NewServer("bench")().GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	connection := server.Connection()
	p, err := launch(ctx, b.provider, "DBOS_ENDPOINT="+connection.Endpoint, "DBOS_TOKEN="+connection.Token)
	if err != nil {
		return nil, err
	}
	c := &client{plugin: p, schema: schema}
	config, err := encode(schema.Provider, nil)
	if err == nil {
		_, err = c.ask(ctx, "ConfigureProvider", 1, dynamic(2, config))
	}
	if err != nil {
		_, closeErr := p.close()
		return nil, errors.Join(err, closeErr)
	}
	return c, nil
}

// ask calls a method and returns the fields of its answer by number. Diagnostics, whose number is given, are an error.
func (c *client) ask(ctx context.Context, method string, diagnostics protowire.Number, parts ...[]byte) (map[protowire.Number][]byte, error) {
	answer, err := c.call(ctx, method, bytes.Join(parts, nil))
	if err != nil {
		return nil, err
	}
	return fields(method, answer, diagnostics)
}

func fields(method string, message []byte, diagnostics protowire.Number) (map[protowire.Number][]byte, error) {
	found := map[protowire.Number][]byte{}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		length := protowire.ConsumeFieldValue(number, kind, message[n:])
		if length < 0 {
			return nil, protowire.ParseError(length)
		}
		if kind == protowire.BytesType {
			found[number], _ = protowire.ConsumeBytes(message[n:])
		}
		message = message[n+length:]
	}
	if found[diagnostics] != nil {
		return nil, fmt.Errorf("%s: %q", method, found[diagnostics])
	}
	return found, nil
}

// refresh reads an object and plans it unchanged, as Terraform does. Its configuration has to be what is in the state.
func (c *client) refresh(ctx context.Context, kind string, config, state []byte) error {
	read, err := c.ask(ctx, "ReadResource", 2, text(1, kind), dynamic(2, state))
	if err != nil {
		return err
	}
	current, private := read[1], read[3]
	planned, err := c.ask(ctx, "PlanResourceChange", 4,
		text(1, kind), raw(2, current), raw(3, current), dynamic(4, config), raw(5, private), raw(8, read[5]))
	if err != nil {
		return err
	}
	if !bytes.Equal(planned[1], current) {
		return fmt.Errorf("the plan changes %s: %q became %q", kind, current, planned[1])
	}
	return nil
}

// list runs a query and returns how many objects it found.
func (c *client) list(ctx context.Context, kind string, config []byte) (count int, err error) {
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"ListResource")
	if err != nil {
		return 0, err
	}
	whole := protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), 1)
	most := protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), 1_000_000)
	request := bytes.Join([][]byte{text(1, kind), dynamic(2, config), whole, most}, nil)
	if err := errors.Join(stream.SendMsg(request), stream.CloseSend()); err != nil {
		return 0, err
	}
	for {
		var event []byte
		err := stream.RecvMsg(&event)
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err == nil {
			_, err = fields("ListResource", event, 4)
		}
		if err != nil {
			return 0, err
		}
		count++
	}
}

// encode writes an object of a schema; attributes that are not given are null.
func encode(schema *tfprotov6.Schema, attributes map[string]any) ([]byte, error) {
	typ := schema.ValueType()
	values := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		values[attribute.Name] = tftypes.NewValue(attribute.Type, attributes[attribute.Name])
	}
	for _, block := range schema.Block.BlockTypes {
		values[block.TypeName] = tftypes.NewValue(block.ValueType(), nil)
	}
	encoded, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, values))
	return encoded.MsgPack, err
}

func raw(number protowire.Number, value []byte) []byte {
	if value == nil {
		return nil
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

func text(number protowire.Number, value string) []byte { return raw(number, []byte(value)) }

// dynamic is a DynamicValue in MessagePack.
func dynamic(number protowire.Number, msgpack []byte) []byte { return raw(number, raw(1, msgpack)) }
