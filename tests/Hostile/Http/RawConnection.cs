using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Hostile.Machine;

namespace Hostile.Http;

/// <summary>A connection over which any bytes may go.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(3);
    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    /// <summary>Connects; null when the victim does not take it within the limit.</summary>
    public static async Task<RawConnection?> TryOpenAsync(
        Victim victim, string address, TimeSpan limit, CancellationToken cancellation, int receiveBufferBytes = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (receiveBufferBytes > 0)
            {
                socket.ReceiveBufferSize = receiveBufferBytes;
            }

            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            stop.CancelAfter(limit);
            await socket.ConnectAsync(victim.Http, stop.Token);
            return new RawConnection(socket);
        }
        catch (Exception failure) when (failure is SocketException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Connects.</summary>
    /// <exception cref="InvalidOperationException">The victim does not take it.</exception>
    public static async Task<RawConnection> OpenAsync(Victim victim, string address, CancellationToken cancellation) =>
        await TryOpenAsync(victim, address, AnswerLimit, cancellation) ?? throw new InvalidOperationException("no connection is taken");

    /// <summary>Sends; false when the connection is gone, or nothing is taken any more.</summary>
    public async Task<bool> TrySendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(SendLimit);
        try
        {
            await _socket.SendAsync(bytes, stop.Token);
            return true;
        }
        catch (Exception failure) when (failure is SocketException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Sends text; false when the connection is gone.</summary>
    public Task<bool> TrySendAsync(string text, CancellationToken cancellation) =>
        TrySendAsync(Encoding.Latin1.GetBytes(text), cancellation);

    /// <summary>Whether the other side has ended it, without waiting.</summary>
    public bool IsEnded()
    {
        try
        {
            return _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Reads all that comes until the other side ends it, or falls silent.</summary>
    public async Task<string> ReadAsync(TimeSpan silence, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var buffer = new byte[1 << 16];
        while (true)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            stop.CancelAfter(silence);
            try
            {
                var count = await _socket.ReceiveAsync(buffer, stop.Token);
                if (count == 0)
                {
                    return text.ToString();
                }

                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
            catch (Exception failure) when (failure is SocketException
                || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                return text.ToString();
            }
        }
    }

    /// <summary>Counts all that comes until the other side ends it.</summary>
    /// <returns>The first bytes, how many came in all, whether it was ended rather than cancelled, and since when none came.</returns>
    public async Task<(byte[] Start, long Count, bool IsEnded, TimeSpan Silent)> CountAsync(CancellationToken cancellation)
    {
        var buffer = new byte[1 << 18];
        byte[] start = [];
        long count = 0;
        var last = Stopwatch.GetTimestamp();
        try
        {
            int length;
            while ((length = await _socket.ReceiveAsync(buffer, cancellation)) > 0)
            {
                start = count == 0 ? buffer[..Math.Min(length, 4096)] : start;
                count += length;
                last = Stopwatch.GetTimestamp();
            }

            return (start, count, true, default);
        }
        catch (SocketException)
        {
            return (start, count, true, default);
        }
        catch (OperationCanceledException)
        {
            return (start, count, false, Stopwatch.GetElapsedTime(last));
        }
    }

    /// <summary>Sends a request and reads the status of its answer; 0 when there is none.</summary>
    public async Task<int> AskAsync(string request, CancellationToken cancellation)
    {
        await TrySendAsync(request, cancellation);
        var answer = await ReadAsync(TimeSpan.FromSeconds(2), cancellation);
        return answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && int.TryParse(answer.AsSpan(9, 3), out var status) ? status : 0;
    }

    public void Dispose() => _socket.Dispose();
}
