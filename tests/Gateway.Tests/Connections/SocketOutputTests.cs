using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Gateway.Connections;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Tests.Connections;

public sealed class SocketOutputTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Socket _server;
    private readonly Socket _client;
    private readonly DefaultConnectionContext _connection = new();
    private readonly SocketOutput _output;

    public SocketOutputTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _client.Connect(listener.LocalEndPoint!);
        _server = listener.Accept();
        _output = new SocketOutput(new ClientPresence(_connection, _server), _server, new Pipe().Writer, pace: null);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Bytes_and_runs_of_files_leave_in_their_order()
    {
        var bytes = TestGateway.Bytes(300_000);
        await File.WriteAllBytesAsync(_folder["file"], bytes, Cancellation);
        await using var file = new FileStream(_folder["file"], FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous);
        _output.Write("head"u8);
        WriteRun(file, 100_000, 200_000);
        _output.Write("between"u8);
        WriteRun(file, 5, 1);
        _output.Write(bytes);
        byte[] expected = [.. "head"u8, .. bytes.AsSpan(100_000, 200_000), .. "between"u8, bytes[5], .. bytes];
        Assert.Equal(expected.Length, _output.UnflushedBytes);
        var received = ReceiveAsync(expected.Length);
        var flushed = await _output.FlushAsync(Cancellation);
        Assert.False(flushed.IsCompleted);
        Assert.Equal(expected, await received);
    }

    [Fact]
    public async Task A_reader_that_resets_gets_no_more_of_a_file_and_what_was_sent_is_known()
    {
        await File.WriteAllBytesAsync(_folder["file"], new byte[400_000], Cancellation);
        await using var file = new FileStream(_folder["file"], FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous);
        WriteRun(file, 0, 1000);
        await _output.FlushAsync(Cancellation);
        Assert.Equal(1000, _output.SentBytes);
        _client.LingerState = new LingerOption(true, 0);
        _client.Close();

        // The system may take a little before it knows; a socket that is closed here as well takes nothing.
        WriteRun(file, 0, 400_000);
        await _output.FlushAsync(Cancellation);
        _server.Close();
        var sent = _output.SentBytes;
        WriteRun(file, 0, 400_000);
        Assert.True((await _output.FlushAsync(Cancellation)).IsCompleted);
        Assert.Equal(sent, _output.SentBytes);
        Assert.InRange(sent, 1000, 401_000);
    }

    [Fact]
    public async Task An_offer_of_a_file_ends_when_other_memory_was_given()
    {
        await File.WriteAllBytesAsync(_folder["file"], new byte[10], Cancellation);
        await using var file = new FileStream(_folder["file"], FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous);
        _output.Offer(file, 0, 10);
        Assert.False(_output.Takes(new byte[10]));
        _output.Write("as ever"u8);
        await _output.FlushAsync(Cancellation);
        Assert.Equal("as ever"u8.ToArray(), await ReceiveAsync(7));
    }

    [Fact]
    public async Task A_reader_that_is_gone_completes_the_flush_and_breaks_the_connection()
    {
        _client.Close(0);
        FlushResult result = default;
        while (!result.IsCompleted)
        {
            _output.Write(new byte[100_000]);
            result = await _output.FlushAsync(Cancellation);
        }

        await AbortedAsync();
    }

    [Fact]
    public async Task Cancelling_a_flush_that_nobody_reads_breaks_the_connection()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        _connection.ConnectionClosed.Register(_server.Dispose);
        _output.Write(new byte[64 << 20]);
        var flush = _output.FlushAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        await AbortedAsync();
    }

    /// <summary>Ends when the connection was aborted, which happens on another thread.</summary>
    private async Task AbortedAsync()
    {
        var aborted = new TaskCompletionSource();
        await using var registration = _connection.ConnectionClosed.Register(aborted.SetResult);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    private void WriteRun(FileStream file, long offset, int count)
    {
        _output.Offer(file, offset, count);
        Assert.True(_output.Takes(_output.GetMemory(count)));
        _output.Advance(count);
    }

    private async Task<byte[]> ReceiveAsync(int count)
    {
        var received = new byte[count];
        for (var at = 0; at < count;)
        {
            var some = await _client.ReceiveAsync(received.AsMemory(at), Cancellation);
            Assert.NotEqual(0, some);
            at += some;
        }

        return received;
    }
}
