using System.Net;
using System.Net.Sockets;
using MurkyWaters.Backing;
using MurkyWaters.Engines.S3;

namespace MurkyWaters.Engines.Tests.S3;

/// <summary>What is not there, or says nothing, is told as such, soon and without the secret.</summary>
public sealed class UnreachableTests
{
    private const string Secret = "the-secret-that-nobody-sees";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_secret_is_not_in_the_settings_text() =>
        Assert.DoesNotContain(Secret, Settings("http://127.0.0.1:1").ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_store_that_refuses_or_is_silent_is_unreachable(bool isSilent)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        if (!isSilent)
        {
            listener.Stop();
        }

        await using var backEnd = new S3BackEnd(Settings(endpoint), TimeProvider.System);
        foreach (var ask in (Func<Task>[])
        [
            () => backEnd.HeadAsync("a", Token), () => backEnd.GetAsync("a", 0, 10, Token), () => backEnd.ListAsync("a", 10, Token),
            () => backEnd.DeleteAsync("a", Token),
        ])
        {
            var error = await Assert.ThrowsAsync<BackEndException>(ask);
            Assert.Equal(BackEndError.Unreachable, error.Error);
            Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
            Assert.Contains(endpoint, error.Message, StringComparison.Ordinal);
        }

        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => backEnd.HeadAsync("a", cancelled.Token));
    }

    private static S3Settings Settings(string endpoint) => new()
    {
        Endpoint = endpoint,
        Bucket = "rain",
        AccessKey = "key",
        SecretKey = Secret,
        Patience = TimeSpan.FromMilliseconds(500),
    };
}
