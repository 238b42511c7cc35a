using System.Net;
using System.Net.Sockets;

namespace MurkyWaters.Engines.Tests.S3;

/// <summary>Stands between a client and a server, and stops at a number of bytes for something to happen.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly int _port;
    private readonly Task _work;
    private long _up;
    private long _down;

    public Relay(int port)
    {
        _port = port;
        _listener.Start();
        _work = Task.Run(AcceptAsync);
    }

    /// <summary>What has come down so far.</summary>
    public long Down => Interlocked.Read(ref _down);

    public string Endpoint => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Called once when more than this has gone up, or down, before any more goes.</summary>
    public (long Up, long Down, Func<Task> Act)? At { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _work;
        _stopping.Dispose();
        _turn.Dispose();
    }

    private async Task AcceptAsync()
    {
        var pumps = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                pumps.Add(Task.Run(() => ServeAsync(client)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            using var server = new TcpClient();
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _port, _stopping.Token);
                using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), isUp: true, ended.Token),
                    PumpAsync(server.GetStream(), client.GetStream(), isUp: false, ended.Token));
                await ended.CancelAsync();
            }
            catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
            {
                // The other side learns of it by the end of its connection.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, bool isUp, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                await PassAsync(isUp, count, cancellationToken);
                await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private async Task PassAsync(bool isUp, int count, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            (_up, _down) = isUp ? (_up + count, _down) : (_up, _down + count);
            if (At is { } at && (_up > at.Up || _down > at.Down))
            {
                At = null;
                await at.Act();
            }
        }
        finally
        {
            _turn.Release();
        }
    }
}
