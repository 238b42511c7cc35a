namespace Gateway.Hosting;

/// <summary>Asks a running gateway with the same settings whether it is ready: images
/// without curl can check their health by this.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(string url, TextWriter output)
    {
        var address = BindingAddress.Parse(url);
        var host = address.Host is "+" or "*" or "0.0.0.0" or "[::]" ? "localhost" : address.Host;
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        using var client = new HttpClient(handler) { Timeout = Timeout };
        try
        {
            using var response = await client.GetAsync(new Uri($"{address.Scheme}://{host}:{address.Port}/health/ready"));
            await output.WriteLineAsync(
                response.IsSuccessStatusCode ? "ready" : $"not ready: {await response.Content.ReadAsStringAsync()}");
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await output.WriteLineAsync($"not ready: {e.Message}");
            return 1;
        }
    }
}
