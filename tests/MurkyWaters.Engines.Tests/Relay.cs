using System.Net;
using System.Net.Sockets;

namespace MurkyWaters.Engines.Tests;

/// <summary>Passes TCP on to a server, until it is cut: then connections stay open, and nothing goes through, either way. Or it stops at a
/// number of bytes for something to happen.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly int _port;
    private readonly Task _accepting;
    private TaskCompletionSource _open = Completed();
    private long _up;
    private long _down;

    /// <summary>Begins.</summary>
    /// <param name="port">Where the server is, on this machine.</param>
    public Relay(int port)
    {
        _port = port;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>What has come down so far.</summary>
    public long Down => Interlocked.Read(ref _down);

    /// <summary>Called once when more than this has gone up, or down, before any more goes.</summary>
    public (long Up, long Down, Func<Task> Act)? At { get; set; }

    public void Cut() => Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Heal() => Volatile.Read(ref _open).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Heal();
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
        _turn.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                passing.Add(Task.Run(() => ServeAsync(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        using var server = new TcpClient();
        try
        {
            await Volatile.Read(ref _open).Task.WaitAsync(_stopping.Token);
            await server.ConnectAsync(IPAddress.Loopback, _port, _stopping.Token);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            Task[] both =
            [
                CopyAsync(client.GetStream(), server.GetStream(), isUp: true, ended.Token),
                CopyAsync(server.GetStream(), client.GetStream(), isUp: false, ended.Token),
            ];
            await Task.WhenAny(both);
            await ended.CancelAsync();
            await Task.WhenAll(both);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // There is nobody there; the other side learns of it by the end of its connection.
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool isUp, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                await Volatile.Read(ref _open).Task.WaitAsync(cancellationToken);
                await PassAsync(isUp, count, cancellationToken);
                await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone.
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

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
