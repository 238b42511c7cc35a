using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Tests;

/// <summary>HTTP over a bare socket, for what a client library would hide.</summary>
internal sealed class RawHttp : IAsyncDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(30);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly List<byte> _received = [];
    private Stream _stream = Stream.Null;
    private readonly CancellationTokenSource _limit = new(HangLimit);

    /// <summary>A message's head and body.</summary>
    public sealed record Message(string StatusLine, Dictionary<string, string> Headers, byte[] Body)
    {
        public int Status => int.Parse(StatusLine.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Connects.</summary>
    /// <param name="gateway">To whom.</param>
    /// <param name="receiveBuffer">Room for what is not read; 0 for as the system likes.</param>
    /// <param name="isSecure">Whether it listens with TLS.</param>
    public static async Task<RawHttp> ConnectAsync(TestGateway gateway, int receiveBuffer = 0, bool isSecure = false)
    {
        var raw = new RawHttp();
        if (receiveBuffer > 0)
        {
            raw._socket.ReceiveBufferSize = receiveBuffer;
        }

        await raw._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.Port), raw._limit.Token);
        raw._stream = new NetworkStream(raw._socket);
        if (isSecure)
        {
            var secure = new SslStream(raw._stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
            raw._stream = secure;
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, raw._limit.Token);
        }

        return raw;
    }

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), _limit.Token);

    /// <summary>Says that nothing more will come, and goes on listening.</summary>
    public async Task EndSendingAsync()
    {
        if (_stream is SslStream secure)
        {
            await secure.ShutdownAsync();
        }

        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Breaks the connection (RST).</summary>
    public void Reset() => _socket.Close(0);

    /// <summary>Reads a head, and a body of the announced length unless told otherwise. A body cut short is an error.</summary>
    public async Task<Message> ReceiveAsync(bool hasBody = true)
    {
        var lines = (await ReceiveUntilAsync("\r\n\r\n")).Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
        // A stream of events has no end to wait for.
        if (!hasBody || headers.GetValueOrDefault("Content-Type") == "text/event-stream")
        {
            return new Message(lines[0], headers, []);
        }

        if (!headers.ContainsKey("Transfer-Encoding"))
        {
            var length = headers.TryGetValue("Content-Length", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
            return new Message(lines[0], headers, await ReceiveBytesAsync(length));
        }

        var body = new List<byte>();
        while (int.Parse(
            await ReceiveUntilAsync("\r\n"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) is > 0 and var chunk)
        {
            body.AddRange(await ReceiveBytesAsync(chunk));
            await ReceiveBytesAsync(2);
        }

        await ReceiveBytesAsync(2);
        return new Message(lines[0], headers, [.. body]);
    }

    private async Task<string> ReceiveUntilAsync(string mark)
    {
        int end;
        while ((end = Text().IndexOf(mark, StringComparison.Ordinal)) < 0)
        {
            Assert.True(await FillAsync(), "the connection ended within a head");
        }

        var text = Text()[..end];
        _received.RemoveRange(0, end + mark.Length);
        return text;
    }

    private async Task<byte[]> ReceiveBytesAsync(int length)
    {
        while (_received.Count < length)
        {
            Assert.True(await FillAsync(), $"the body ended after {_received.Count} of {length} bytes");
        }

        var bytes = _received.Take(length).ToArray();
        _received.RemoveRange(0, length);
        return bytes;
    }

    /// <summary>Reads until the peer ends or breaks the connection; how many bytes came.</summary>
    public async Task<(int Bytes, bool IsReset)> DrainAsync()
    {
        try
        {
            while (await FillAsync())
            {
            }

            return (_received.Count, false);
        }
        catch (IOException)
        {
            return (_received.Count, true);
        }
    }

    /// <summary>Reads so many bytes, as fast as they come, and resets the connection.</summary>
    public async Task ReadAndResetAsync(int bytes)
    {
        var buffer = new byte[64 * 1024];
        for (var read = 0; read < bytes;)
        {
            var count = await _socket.ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, bytes - read)), _limit.Token);
            Assert.NotEqual(0, count);
            read += count;
        }

        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _limit.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Text() => Encoding.Latin1.GetString([.. _received]);

    private async Task<bool> FillAsync()
    {
        var buffer = new byte[16 * 1024];
        var count = await _stream.ReadAsync(buffer, _limit.Token);
        _received.AddRange(buffer.AsSpan(0, count));
        return count > 0;
    }
}
