using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Connections;

/// <summary>Gives the connections of a server a <see cref="SocketOutput"/>, and a client that may close its half.</summary>
internal static class SocketOutputs
{
    /// <summary>For all its endpoints.</summary>
    /// <param name="server">The server.</param>
    /// <param name="rateBytesPerSecondMin">What a client has to take at the least in the long run; 0 for nothing.</param>
    /// <param name="grace">How long it may take less.</param>
    public static void UseSocketOutputs(this KestrelServerOptions server, long rateBytesPerSecondMin, TimeSpan grace) =>
        server.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection =>
            connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket
                ? RunAsync(connection, socket, rateBytesPerSecondMin == 0 ? null : new ReaderPace(rateBytesPerSecondMin, grace), next)
                : next(connection)));

    private static async Task RunAsync(ConnectionContext connection, Socket socket, ReaderPace? pace, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        var client = new ClientPresence(connection, socket);
        var output = new SocketOutput(client, socket, transport.Output, pace);
        connection.Features.Set<IFileOutput>(output);
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(
            static state =>
            {
                var (client, output) = ((ClientPresence, SocketOutput))state;
                client.Tick();
                output.Tick();
            },
            (client, output));
        connection.Transport = new Pipes(new EndLastReader(transport.Input), output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            client.End();
        }
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
