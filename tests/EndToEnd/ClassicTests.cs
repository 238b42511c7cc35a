using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text.Json;

namespace EndToEnd;

/// <summary>Interoperability with wire format 1 of 2012, spoken here by an independent few lines.</summary>
public sealed class ClassicTests
{
    private const int SymbolCount = 64;

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_000)]
    [InlineData(4_000_000)]
    public async Task A_client_of_2012_fetches_a_resource(int length)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]], "Rain:Classic:Allow=127.0.0.0/8");
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 12, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/12")).Succeeded();

        var body = await FetchAsync(new IPEndPoint(IPAddress.Loopback, ports[1]), 12, TestContext.Current.CancellationToken);

        Assert.Equal(sha256, await TestBytes.HashAsync(new MemoryStream(body)));
    }

    [Fact]
    public async Task A_client_of_2012_that_is_not_allowed_hears_nothing()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        await TestBytes.WriteFileAsync(folder["in"], 12, 1000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/12")).Succeeded();
        using var client = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await client.SendAsync(Message(1, 12), new IPEndPoint(IPAddress.Loopback, ports[1]), TestContext.Current.CancellationToken);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.ReceiveAsync(patience.Token));
    }

    [Fact]
    public async Task The_gateway_fetches_from_a_server_of_2012()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var body = new byte[700_001];
        new TestBytes(13, body.Length).ReadExactly(body);
        using var stop = new CancellationTokenSource();
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var serving = ServeAsync(server, 13, body, stop.Token);
        var ports = GatewayProcess.FreePorts(2);
        var serversFile = folder["classic.json"];
        await File.WriteAllTextAsync(
            serversFile,
            JsonSerializer.Serialize((object[])[new { host = "127.0.0.1", port = ((IPEndPoint)server.Client.LocalEndPoint!).Port, classic = true }]),
            TestContext.Current.CancellationToken);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [], $"Rain:Servers={serversFile}");

        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{gateway.Url}/13")).Succeeded();

        Assert.Equal(await TestBytes.HashAsync(new MemoryStream(body)), await TestBytes.HashFileAsync(folder["out"]));
        await stop.CancelAsync();
        await serving;
    }

    private static byte[] Message(ulong kind, ulong id)
    {
        var message = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(message, kind);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), id);
        return message;
    }

    private static async Task<byte[]> FetchAsync(IPEndPoint server, ulong id, CancellationToken cancellationToken)
    {
        using var client = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        client.Client.ReceiveBufferSize = 4 * 1024 * 1024;
        await client.SendAsync(Message(1, id), server, cancellationToken);
        var lastSubscribe = Stopwatch.StartNew();
        var rows = new (ulong Key, byte[] Value)?[SymbolCount];
        var rank = 0;
        var length = 0;
        while (rank < SymbolCount)
        {
            if (lastSubscribe.Elapsed > TimeSpan.FromSeconds(4))
            {
                await client.SendAsync(Message(1, id), server, cancellationToken);
                lastSubscribe.Restart();
            }

            using var silence = new CancellationTokenSource(Tool.HangLimit);
            var datagram = (await client.ReceiveAsync(silence.Token)).Buffer;
            Assert.Equal(id, BinaryPrimitives.ReadUInt64LittleEndian(datagram));
            var key = BinaryPrimitives.ReadUInt64LittleEndian(datagram.AsSpan(8));
            length = (int)BinaryPrimitives.ReadUInt64LittleEndian(datagram.AsSpan(16));
            var value = datagram[32..];
            Assert.Equal((ulong)value.Length, BinaryPrimitives.ReadUInt64LittleEndian(datagram.AsSpan(24)));
            Assert.Equal((length / SymbolCount) + 1, value.Length);
            while (key != 0)
            {
                var pivot = BitOperations.TrailingZeroCount(key);
                if (rows[pivot] is not { } row)
                {
                    rows[pivot] = (key, value);
                    rank++;
                    break;
                }

                key ^= row.Key;
                Xor(value, row.Value);
            }
        }

        await client.SendAsync(Message(2, id), server, cancellationToken);
        for (var i = SymbolCount - 1; i >= 0; i--)
        {
            for (var j = i + 1; j < SymbolCount; j++)
            {
                if ((rows[i]!.Value.Key >> j & 1) != 0)
                {
                    Xor(rows[i]!.Value.Value, rows[j]!.Value.Value);
                }
            }
        }

        return rows.SelectMany(row => row!.Value.Value).Take(length).ToArray();
    }

    private static async Task ServeAsync(UdpClient server, ulong id, byte[] body, CancellationToken cancellationToken)
    {
        var random = new Random(13);
        var symbolSize = (body.Length / SymbolCount) + 1;
        try
        {
            var subscribe = await server.ReceiveAsync(cancellationToken);
            while (!subscribe.Buffer.SequenceEqual(Message(1, id)))
            {
                subscribe = await server.ReceiveAsync(cancellationToken);
            }

            var stop = server.ReceiveAsync(cancellationToken).AsTask();
            while (!stop.IsCompleted)
            {
                var key = (ulong)random.NextInt64() & (ulong)random.NextInt64() | 1UL << random.Next(SymbolCount);
                var datagram = new byte[32 + symbolSize];
                BinaryPrimitives.WriteUInt64LittleEndian(datagram, id);
                BinaryPrimitives.WriteUInt64LittleEndian(datagram.AsSpan(8), key);
                BinaryPrimitives.WriteUInt64LittleEndian(datagram.AsSpan(16), (ulong)body.Length);
                BinaryPrimitives.WriteUInt64LittleEndian(datagram.AsSpan(24), (ulong)symbolSize);
                for (var i = 0; i < SymbolCount; i++)
                {
                    var start = Math.Min(i * symbolSize, body.Length);
                    if ((key >> i & 1) != 0)
                    {
                        Xor(datagram.AsSpan(32), body.AsSpan(start, Math.Min(symbolSize, body.Length - start)));
                    }
                }

                await server.SendAsync(datagram, subscribe.RemoteEndPoint, cancellationToken);
                await Task.Delay(1, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> source)
    {
        for (var i = 0; i < source.Length; i++)
        {
            target[i] ^= source[i];
        }
    }
}
