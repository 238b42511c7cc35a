using System.Net.Sockets;
using MurkyWaters.Fetching;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

public sealed class UdpRainTransportTests : IDisposable
{
    private readonly TestLoggers _loggers = new("transport");
    private int _failuresLeft;

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public async Task SocketsThatDidNotOpenAreTriedAgainByTheNextFetch()
    {
        _failuresLeft = int.MaxValue;
        await using var transport = new UdpRainTransport(Open, _loggers);
        Assert.Null(transport.Trouble);

        // Servers that do not answer: what matters is that somebody is asked.
        await using var fixture = await FetchFixture.StartAsync(
            configure: options => options with
            {
                Transport = transport,
                Fetch = new FetchOptions { DiscoveryTimeout = TimeSpan.FromMilliseconds(50) },
            });
        Assert.Equal(OpenStatus.NoNetwork, (await fixture.OpenAsync()).Status);
        Assert.NotNull(fixture.Node.NetworkTrouble);
        Assert.Equal("noNetwork", fixture.Node.Transfers[0].State);

        Interlocked.Exchange(ref _failuresLeft, 0);

        Assert.Equal(OpenStatus.Unanswered, (await fixture.OpenAsync()).Status);
        Assert.Null(fixture.Node.NetworkTrouble);
        Assert.Single(_loggers.Failures);
    }

    [Fact]
    public async Task TheHeartbeatEndsTheTroubleSoThatANodeWithoutFetchesBecomesReadyAgain()
    {
        _failuresLeft = 1;
        await using var transport = new UdpRainTransport(Open, _loggers);
        await Assert.ThrowsAsync<SocketException>(() => AskAsync(transport));
        Assert.NotNull(transport.Trouble);

        transport.Tick();

        Assert.Null(transport.Trouble);
    }

    [Fact]
    public async Task WhatWasClosedOpensNoSockets()
    {
        var transport = new UdpRainTransport(Open, _loggers);
        await transport.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => AskAsync(transport));
    }

    private static Task AskAsync(UdpRainTransport transport) =>
        transport.FetchClassicAsync(new ResourceId(1), PeerAddress.FromIPv4(0x7F00_0001, 9), TestContext.Current.CancellationToken);

    private RainClient Open() => Interlocked.Decrement(ref _failuresLeft) >= 0
        ? throw new SocketException((int)SocketError.TooManyOpenSockets)
        : new RainClient(new RainClientOptions { WorkerCount = 1 });
}
