using System.Net;
using System.Net.Sockets;

namespace MurkyWaters.Engines.Tests;

/// <summary>Passes TCP on to a server, until it is cut: then connections stay open, and nothing goes through, either way.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Uri _server;
    private readonly Task _accepting;
    private TaskCompletionSource _open = Completed();

    public Relay(Uri server)
    {
        _server = server;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    public void Cut() => Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Heal() => Volatile.Read(ref _open).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Heal();
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                passing.Add(PassAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var _ = client;
        using var server = new TcpClient();
        try
        {
            await Volatile.Read(ref _open).Task.WaitAsync(_stopping.Token);
            await server.ConnectAsync(IPAddress.Loopback, _server.Port, _stopping.Token);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var both = new[] { CopyAsync(client.GetStream(), server.GetStream()), CopyAsync(server.GetStream(), client.GetStream()) };
            await Task.WhenAny(both);
            await ended.CancelAsync();
            await Task.WhenAll(both);

            async Task CopyAsync(NetworkStream from, NetworkStream to)
            {
                var buffer = new byte[64 * 1024];
                try
                {
                    int count;
                    while ((count = await from.ReadAsync(buffer, ended.Token)) > 0)
                    {
                        await Volatile.Read(ref _open).Task.WaitAsync(ended.Token);
                        await to.WriteAsync(buffer.AsMemory(0, count), ended.Token);
                    }
                }
                catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
                {
                    // One side is gone.
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // There is nobody there.
        }
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
