using System.Net;
using System.Net.Sockets;
using Gateway.Http;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Gateway.Connections;

/// <summary>The server's sockets, from which no more connections are taken than there is room for.</summary>
internal sealed class HeldListeners : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _sockets;
    private readonly ConnectionTable _table;

    public HeldListeners(SocketTransportFactory sockets, ConnectionTable table)
    {
        _sockets = sockets;
        _table = table;
    }

    public bool CanBind(EndPoint endpoint) => _sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await _sockets.BindAsync(endpoint, cancellationToken), _table);

    private sealed class Listener(IConnectionListener inner, ConnectionTable table) : IConnectionListener
    {
        private readonly CancellationTokenSource _ended = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    await table.WaitForRoomAsync(_ended.Token);
                }
                catch (OperationCanceledException)
                {
                    return null;
                }

                if (await inner.AcceptAsync(cancellationToken) is not { } connection)
                {
                    return null;
                }

                if (table.TryAdmit(connection) is { } held)
                {
                    return held;
                }

                await RefuseAsync(connection);
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _ended.CancelAsync();
            await inner.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await _ended.CancelAsync();
            await inner.DisposeAsync();
            _ended.Dispose();
        }

        /// <summary>Says why, as far as the socket takes it without waiting, and closes it at
        /// once: its descriptor is not there to be kept.</summary>
        private static ValueTask RefuseAsync(ConnectionContext connection)
        {
            try
            {
                connection.Features.Get<IConnectionSocketFeature>()?.Socket.Send(
                    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"u8,
                    SocketFlags.None, out _);
            }
            catch (ObjectDisposedException)
            {
                // It is closed already.
            }

            connection.Abort(new ConnectionAbortedException("There is no room for another connection of this address."));
            return connection.DisposeAsync();
        }
    }
}

/// <summary>Puts the table before the server's sockets, and a request's part of it before everything that answers.</summary>
internal static class ConnectionRoom
{
    public static void AddConnectionRoom(this IServiceCollection services)
    {
        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<SocketTransportFactory>();

        // Of several, the server asks the last first.
        services.AddSingleton<IConnectionListenerFactory, HeldListeners>();
    }

    /// <summary>Counts a request as long as it is in work; 503 when nothing is left for it.</summary>
    public static async Task CountAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Features.Get<HeldConnection>() is not { } held)
        {
            await next(http);
            return;
        }

        var table = http.RequestServices.GetRequiredService<ConnectionTable>();
        if (!table.TryBegin(held))
        {
            await new Problem(
                ProblemType.Overloaded,
                $"{table.RequestCount} requests are in work on {table.ConnectionCount} connections, which is as many files as may be open.")
                    .ExecuteAsync(http);
            return;
        }

        try
        {
            await next(http);
        }
        finally
        {
            table.End(held);
        }
    }
}
