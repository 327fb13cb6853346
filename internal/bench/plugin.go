// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// start is one start of a plugin.
type start struct {
	toSchema time.Duration // from exec to the last byte of the schema
	peak     float64       // resident memory, in MB
}

// startPlugin starts a provider as Terraform does, asks for its schema, and
// ends it.
func startPlugin(ctx context.Context, path string) (_ start, err error) {
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = []string{
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		"PLUGIN_PROTOCOL_VERSIONS=6",
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return start{}, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return start{}, err
	}
	took, schemaErr := askSchema(ctx, stdout, begin)
	// A plugin ends when it is told so; nothing is lost by a kill.
	err = errors.Join(schemaErr, cmd.Process.Kill())
	var exit *exec.ExitError
	if waitErr := cmd.Wait(); !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	return start{toSchema: took, peak: peakMemory(cmd)}, err
}

// askSchema reads the handshake line and calls the one method.
func askSchema(ctx context.Context, stdout io.Reader, begin time.Time) (took time.Duration, err error) {
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the plugin's handshake: %w", err)
	}
	fields := strings.Split(strings.TrimSpace(line), "|") // 1|6|unix|/path|grpc|
	if len(fields) < 5 || fields[2] != "unix" {
		return 0, fmt.Errorf("the plugin's handshake is %q", line)
	}
	conn, err := grpc.NewClient("unix:"+fields[3], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var schema []byte
	if err := conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", []byte{}, &schema); err != nil {
		return 0, err
	}
	if len(schema) == 0 {
		return 0, errors.New("the plugin's schema is empty")
	}
	return time.Since(begin), nil
}

// rawCodec passes messages as they are: the question has no field, and the
// answer need not be understood.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	message, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", v)
	}
	return message, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	message, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive a %T", v)
	}
	*message = slices.Clone(data)
	return nil
}

// peakMemory is the most memory, in MB, that a process which has ended had
// resident.
func peakMemory(cmd *exec.Cmd) float64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	bytes := float64(usage.Maxrss)
	if runtime.GOOS != "darwin" {
		bytes *= 1024
	}
	return bytes / 1e6
}
