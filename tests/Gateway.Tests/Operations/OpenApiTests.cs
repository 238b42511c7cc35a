using System.Runtime.CompilerServices;

namespace Gateway.Tests.Operations;

public sealed class OpenApiTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public OpenApiTests(SharedGateway shared) => _gateway = shared.Gateway;

    /// <summary>A change of the surface shows up as a change of the committed document. UPDATE_SNAPSHOTS=1 writes it anew.</summary>
    [Fact]
    public async Task The_document_is_the_committed_one()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Text.ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "openapi.v1.json"), document, TestContext.Current.CancellationToken);
        }
        else
        {
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "openapi.v1.json"), TestContext.Current.CancellationToken), document);
        }
    }

    [Fact]
    public async Task Every_operation_is_described_and_named_once()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value).ToList();
        Assert.All(operations, operation =>
        {
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.NotEmpty(operation.GetProperty("responses").EnumerateObject());
        });
        var names = operations.Select(operation => operation.GetProperty("operationId").GetString()).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public async Task Ids_are_strings_everywhere()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.Equal("string", schemas.GetProperty("ResourceSummary").GetProperty("properties").GetProperty("id").GetProperty("type").GetString());
        foreach (var path in document.GetProperty("paths").EnumerateObject().Where(path => path.Name.Contains("{id}", StringComparison.Ordinal)))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var id = operation.Value.GetProperty("parameters").EnumerateArray().Single(parameter => parameter.GetProperty("name").GetString() == "id");
                Assert.Equal("string", id.GetProperty("schema").GetProperty("type").GetString());
            }
        }
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
