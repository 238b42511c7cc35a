using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Gateway.Tests.Operations;

public sealed class OpenApiTests : IClassFixture<SharedGateway>
{
    private static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;
    private readonly TestGateway _gateway;

    public OpenApiTests(SharedGateway shared) => _gateway = shared.Gateway;

    /// <summary>A change of the surface shows up as a change of the committed document. UPDATE_SNAPSHOTS=1 writes it anew.</summary>
    [Fact]
    public async Task The_document_is_the_committed_one()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Text.ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            await File.WriteAllTextAsync(
                Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "openapi.v1.json"), document, TestContext.Current.CancellationToken);
        }
        else
        {
            Assert.Equal(
                await File.ReadAllTextAsync(
                    Path.Combine(AppContext.BaseDirectory, "openapi.v1.json"), TestContext.Current.CancellationToken),
                document);
        }
    }

    [Fact]
    public async Task Every_operation_has_a_name_of_its_own_a_summary_and_a_description()
    {
        var operations = await ReadOperationsAsync();
        Assert.All(operations, one =>
        {
            Assert.Matches("^[A-Z].{9,}", one.Operation.GetProperty("summary").GetString());
            Assert.Matches("^[A-Z0-9].{9,}[.]$", one.Operation.GetProperty("description").GetString()!.ReplaceLineEndings(" "));
            Assert.NotEmpty(one.Operation.GetProperty("tags").EnumerateArray());
        });
        var names = operations.Select(one => one.Operation.GetProperty("operationId").GetString()).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public async Task Every_parameter_has_a_meaning_and_an_example()
    {
        foreach (var (name, operation) in await ReadOperationsAsync())
        {
            foreach (var parameter in operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : [])
            {
                var what = $"{name}: {parameter.GetProperty("name").GetString()}";
                AssertSays(parameter, what);
                var isRequired = parameter.TryGetProperty("required", out var required) && required.GetBoolean();

                // Beside the schema, the page fills it into the form: right for what must be there, wrong for every precondition at once.
                Assert.True(parameter.TryGetProperty("example", out _) == isRequired, $"{what} is {(isRequired ? "" : "not ")}required");
                Assert.True(isRequired || parameter.GetProperty("schema").TryGetProperty("examples", out _), $"{what} has no example");
            }
        }
    }

    [Fact]
    public async Task Every_answer_has_a_meaning_and_a_body_with_an_example_that_fits_its_schema()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        foreach (var (name, operation) in await ReadOperationsAsync())
        {
            var answers = operation.GetProperty("responses").EnumerateObject().ToList();
            Assert.Contains(answers, answer => answer.Name[0] == '2');
            foreach (var answer in answers)
            {
                var what = $"{name} {answer.Name}";
                AssertSays(answer.Value, what);
                var hasBody = !name.StartsWith("head ", StringComparison.Ordinal) && answer.Name is not ("204" or "303" or "304" or "307");
                Assert.True(
                    answer.Value.TryGetProperty("content", out var contents) == hasBody,
                    $"{what} {(hasBody ? "has no body" : "has a body")}");
                foreach (var content in hasBody ? contents.EnumerateObject() : default)
                {
                    Assert.True(content.Value.TryGetProperty("schema", out var schema), $"{what} has no schema");
                    Assert.Equal(
                        answer.Name[0] is '4' or '5' && what != "get /health/ready 503", content.Name == "application/problem+json");
                    if (content.Name is "application/octet-stream" or "text/plain" or "text/html" or "text/event-stream"
                        or "application/vnd.pouring-rain.sealed")
                    {
                        continue;
                    }

                    var examples = content.Value.TryGetProperty("examples", out var named)
                        ? named.EnumerateObject().Select(one => DocumentSchema.Follow(document, one.Value).GetProperty("value")).ToList()
                        : ExamplesOf(document, ref schema);
                    Assert.True(examples.Count > 0, $"{what} has no example");
                    Assert.All(examples, one => Assert.Null(DocumentSchema.FindMisfit(document, schema, one, what)));
                }
            }
        }
    }

    [Fact]
    public async Task Every_property_of_every_body_has_a_meaning()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject())
        {
            foreach (var property in schema.Value.TryGetProperty("properties", out var properties) ? properties.EnumerateObject() : default)
            {
                AssertSays(property.Value, $"{schema.Name}.{property.Name}");
            }
        }
    }

    /// <summary>The examples of a schema, or those of its items where it is a list, for which the schema is then that of an item.</summary>
    private static List<JsonElement> ExamplesOf(JsonElement document, ref JsonElement schema)
    {
        schema = DocumentSchema.Follow(document, schema);
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            return [.. choices.EnumerateArray()
                .SelectMany(choice => DocumentSchema.Follow(document, choice).GetProperty("examples").EnumerateArray())];
        }

        if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty("items", out var items))
        {
            schema = DocumentSchema.Follow(document, items.GetProperty("items"));
        }

        return schema.TryGetProperty("examples", out var examples) ? [.. examples.EnumerateArray()] : [];
    }

    private static void AssertSays(JsonElement element, string what) =>
        Assert.True(element.TryGetProperty("description", out var text) && text.GetString()!.Length > 4, $"{what} has no meaning");

    [Fact]
    public async Task Ids_are_strings_everywhere()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.Equal(
            "string", schemas.GetProperty("ResourceSummary").GetProperty("properties").GetProperty("id").GetProperty("type").GetString());
        foreach (var path in document.GetProperty("paths").EnumerateObject()
            .Where(path => path.Name.Contains("{id}", StringComparison.Ordinal)))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var id = operation.Value.GetProperty("parameters").EnumerateArray()
                    .Single(parameter => parameter.GetProperty("name").GetString() == "id");
                Assert.Equal("string", id.GetProperty("schema").GetProperty("type").GetString());
            }
        }
    }

    /// <summary>What linters ask of a document, so that generators of clients take it.</summary>
    [Fact]
    public async Task Every_operation_says_whether_keys_are_looked_at_and_every_component_is_used()
    {
        var answer = await _gateway.GetAsync("/openapi/v1.json");
        Assert.Equal("/", Assert.Single(answer.Json.GetProperty("servers").EnumerateArray()).GetProperty("url").GetString());
        Assert.Equal("MIT", answer.Json.GetProperty("info").GetProperty("license").GetProperty("identifier").GetString());
        Assert.All(await ReadOperationsAsync(), one =>
        {
            var isOpen = one.Name.Contains("/health/", StringComparison.Ordinal)
                || one.Name.Contains("/problems/", StringComparison.Ordinal) || one.Name.Contains(" /s/", StringComparison.Ordinal);
            var isForNodes = one.Operation.GetProperty("tags")[0].GetString() == "Data node";
            Assert.Equal(isOpen ? 0 : isForNodes ? 1 : 2, one.Operation.GetProperty("security").GetArrayLength());
        });
        foreach (var kind in answer.Json.GetProperty("components").EnumerateObject().Where(kind => kind.Name != "securitySchemes"))
        {
            Assert.All(kind.Value.EnumerateObject(), one => Assert.Contains($"\"#/components/{kind.Name}/{one.Name}\"", answer.Text));
        }
    }

    [Theory]
    [InlineData("ResourceSummary", "length")]
    [InlineData("ManifestView", "length")]
    [InlineData("TransferView", "length", "receivedBytes", "symbolsNeeded", "dropletsReceived", "givenBytes")]
    [InlineData("TransferSource", "bytes", "droplets", "lost", "rateBytesPerSecond", "givenBytes")]
    [InlineData("ReplacedNeighbours", "bytes", "droplets", "lost")]
    [InlineData("ServerSnapshot", "rateBytesPerSecond")]
    [InlineData("SubscriberView", "rateBytesPerSecond", "droplets", "expiresInMs")]
    [InlineData("SourceReport", "droplets")]
    [InlineData("UploadView", "offset", "length")]
    [InlineData("Problem", "expected-offset", "provided-offset")]
    public async Task Numbers_that_may_pass_32_bits_say_so(string schema, params string[] properties)
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        var known = document.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties");
        Assert.All(properties, property => Assert.Equal("int64", known.GetProperty(property).GetProperty("format").GetString()));
    }

    [Theory]
    [InlineData("ResourceSummary", "fileName", "path", "survives", "pieces")]
    [InlineData("ResourceList", "next")]
    [InlineData("TransferView", "fileName", "length", "blockMap", "replaced")]
    [InlineData("TransferSource", "rttMs", "role", "heldBlocks")]
    [InlineData("ServerSnapshot", "rttMs", "lastSeen")]
    [InlineData("SourceReport", "rttMs", "lastSeen")]
    [InlineData("UploadView", "length", "resource")]
    public async Task What_may_be_null_says_so(string schema, params string[] properties)
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        var all = document.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").EnumerateObject();
        Assert.Equal(
            properties.Order(),
            all.Where(one => DocumentSchema.FindMisfit(document, one.Value, Null, "") is null).Select(one => one.Name).Order());
    }

    private async Task<IReadOnlyList<(string Name, JsonElement Operation)>> ReadOperationsAsync()
    {
        var document = (await _gateway.GetAsync("/openapi/v1.json")).Json;
        var paths = document.GetProperty("paths").EnumerateObject();
        return [.. paths.SelectMany(
            path => path.Value.EnumerateObject(), (path, operation) => ($"{operation.Name} {path.Name}", operation.Value))];
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
