using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Connections;

/// <summary>Gives the connections of a server a <see cref="SocketOutput"/>.</summary>
internal static class SocketOutputs
{
    /// <summary>For all its endpoints.</summary>
    public static void UseSocketOutputs(this KestrelServerOptions server) =>
        server.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection => RunAsync(connection, next)));

    private static async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            var output = new SocketOutput(connection, socket, transport.Output);
            connection.Features.Set<IFileOutput>(output);
            connection.Transport = new Pipes(transport.Input, output);
        }

        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
