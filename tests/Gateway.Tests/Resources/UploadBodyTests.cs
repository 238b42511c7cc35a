using Gateway.Resources;
using Microsoft.AspNetCore.Http;

namespace Gateway.Tests.Resources;

public sealed class UploadBodyTests
{
    /// <summary>The server reads over what is left of a body, so that a client that still sends gets its answer.</summary>
    [Fact]
    public async Task A_body_that_cannot_be_kept_can_still_be_read_over()
    {
        var http = new DefaultHttpContext();
        http.Request.Body = new MemoryStream(new byte[100_000]);
        var failure = await Assert.ThrowsAsync<IOException>(
            () => UploadBody.TryCopyAsync(
                http, _ => throw new IOException("The disk is full."), long.MaxValue, () => ValueTask.CompletedTask,
                TestContext.Current.CancellationToken));

        Assert.Equal("The disk is full.", failure.Message);
        var left = await http.Request.BodyReader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.False(left.IsCanceled);
    }
}
