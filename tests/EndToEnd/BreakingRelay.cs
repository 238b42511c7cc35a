using System.Net.Sockets;

namespace EndToEnd;

/// <summary>Forwards TCP connections, and breaks the first of them in mid-answer.</summary>
internal sealed class BreakingRelay : IAsyncDisposable
{
    private readonly long _bytesBeforeBreak;
    private readonly int _breaks;
    private readonly LoopbackRelay _relay;
    private int _broken;

    public BreakingRelay(int targetPort, long bytesBeforeBreak, int breaks)
    {
        _bytesBeforeBreak = bytesBeforeBreak;
        _breaks = breaks;
        _relay = new LoopbackRelay(targetPort, PassAsync);
    }

    public int Port => _relay.Port;

    /// <summary>How many connections were broken.</summary>
    public int Broken => Volatile.Read(ref _broken);

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private Task PassAsync(Socket client, Socket server, CancellationToken stopping) => Task.WhenAny(
        PumpAsync(client, server, long.MaxValue, stopping), PumpAsync(server, client, _bytesBeforeBreak, stopping));

    private async Task PumpAsync(Socket from, Socket to, long bytesMax, CancellationToken stopping)
    {
        var buffer = new byte[64 * 1024];
        var total = 0L;
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, stopping)) > 0)
            {
                total += count;
                await to.SendAsync(buffer.AsMemory(0, count), stopping);
                if (total > bytesMax && Broken < _breaks)
                {
                    // A reset, as of a network that fails, not a clean end.
                    Interlocked.Increment(ref _broken);
                    to.LingerState = new LingerOption(true, 0);
                    return;
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone.
        }
    }
}
