using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Cluster;
using MurkyWaters.Engines.Etcd;

namespace MurkyWaters.Engines.Tests;

/// <summary>What answers where etcd should may be anything.</summary>
public sealed class StrangersTests
{
    private const string Header = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    public static TheoryData<string> Answers =>
    [
        "",
        "\0\u0001\u0002",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found",
        "HTTP/1.1 302 Found\r\nLocation: /v3/elsewhere\r\nContent-Length: 0\r\n\r\n",
        Header + "Content-Length: 4\r\n\r\nnull",
        Header + "Content-Length: 2\r\n\r\n[]",
        Header + "Content-Length: 1\r\n\r\n{",
        Header + "Content-Length: 1000000000000\r\n\r\n{",
        Header + "Content-Length: 60\r\n\r\n{\"header\":{\"revision\":\"minus\"},\"count\":{},\"kvs\":[1,null,\"\"]}",
        Header + "Content-Length: 66\r\n\r\n{\"header\":{\"revision\":\"-5\"},\"kvs\":[{\"key\":\"%%%\",\"value\":7}],\"x\":0}  ",
        Header + "Content-Length: 62\r\n\r\n{\"error\":{\"grpc_code\":\"x\",\"message\":7},\"code\":\"5\",\"message\":[]}",
        Header + "Content-Length: 35\r\n\r\n{\"error\":\"no such thing\",\"code\":16} ",
    ];

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_stranger_in_etcds_place_does_no_harm(string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stopping = new CancellationTokenSource(EtcdServers.HangLimit);
        var asked = 0;
        var serving = ServeAsync();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        await using (var registry = EtcdRegistry.Open(
            new ClusterOptions { Etcd = [address] }, new EtcdTimes { Call = TimeSpan.FromMilliseconds(100) }, TimeProvider.System,
            NullLogger.Instance))
        {
            registry.Register(new RegisteredNode { Id = new(1), Weight = 1 });
            while (Volatile.Read(ref asked) < 5)
            {
                await Task.Delay(10, stopping.Token);
            }

            Assert.Empty(registry.View.Nodes);
            Assert.Equal((false, false), (registry.Status.IsRegistered, registry.Status.IsConnected));
            var refusal = await Assert.ThrowsAsync<ClusterUnavailableException>(
                () => registry.TryLockAsync("k", TimeSpan.Zero, stopping.Token));
            Assert.InRange(refusal.Message.Length, 5, 400);
        }

        await stopping.CancelAsync();
        await serving;

        async Task ServeAsync()
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(stopping.Token);
                    Interlocked.Increment(ref asked);
                    try
                    {
                        Assert.InRange(await client.GetStream().ReadAsync(buffer, stopping.Token), 0, buffer.Length);
                        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(answer), stopping.Token);
                    }
                    catch (IOException)
                    {
                        // It has gone already.
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
