using System.Collections.Concurrent;
using System.Net.Sockets;

namespace EndToEnd;

/// <summary>
/// A network before a gateway that is cut once: when so many bytes have passed, both ways and over all connections, every connection
/// that is open is reset, and new ones are answered when what happens meanwhile (the gateway killed and started again, say) has happened.
/// </summary>
internal sealed class CutRelay : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly long _bytesBeforeCut;
    private readonly Func<Task> _meanwhile;
    private readonly LoopbackRelay _relay;
    private Task _cut = Task.CompletedTask;
    private long _passed;
    private int _isCut;

    /// <summary>Begins to listen.</summary>
    /// <param name="targetPort">The port of loopback where what comes goes.</param>
    /// <param name="bytesBeforeCut">After so many bytes comes the cut.</param>
    /// <param name="meanwhile">What happens while the network is cut.</param>
    public CutRelay(int targetPort, long bytesBeforeCut, Func<Task> meanwhile)
    {
        _bytesBeforeCut = bytesBeforeCut;
        _meanwhile = meanwhile;
        _relay = new LoopbackRelay(targetPort, PassAsync, before: () => Volatile.Read(ref _cut));
    }

    public int Port => _relay.Port;

    /// <summary>Whether the cut has come.</summary>
    public bool IsCut => Volatile.Read(ref _isCut) == 1;

    /// <summary>Bytes that have passed, both ways, so far.</summary>
    public long Passed => Interlocked.Read(ref _passed);

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _cut;
    }

    private async Task PassAsync(Socket client, Socket server, CancellationToken stopping)
    {
        _open[client] = true;
        try
        {
            await Task.WhenAll(PumpAsync(client, server, stopping), PumpAsync(server, client, stopping));
        }
        finally
        {
            _open.TryRemove(client, out _);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, CancellationToken stopping)
    {
        var buffer = new byte[256 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, stopping)) > 0)
            {
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), stopping);
                }

                if (Interlocked.Add(ref _passed, count) > _bytesBeforeCut && Interlocked.Exchange(ref _isCut, 1) == 0)
                {
                    var cut = new Task<Task>(CutAsync);
                    Volatile.Write(ref _cut, cut.Unwrap());
                    cut.RunSynchronously();
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // One side has gone: so has the other.
            from.Dispose();
            to.Dispose();
            throw;
        }
    }

    private Task CutAsync()
    {
        foreach (var client in _open.Keys)
        {
            // A reset, as of a network that fails, not a clean end.
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
        }

        return _meanwhile();
    }
}
