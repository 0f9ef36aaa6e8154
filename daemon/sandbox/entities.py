"""The entities of DnB's API, as data: columns, lengths and relations as its contract lists them."""

from typing import Final

from daemon.sandbox.schema import Declaration, Field, Kind, Many, One, Twin

ACTIVE: Final = 30001
BLOCKED: Final = 70001
INACTIVE: Final = 50001
DELETED: Final = 90001


def _integers(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, Kind.INTEGER) for name in names)


def _booleans(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, Kind.BOOLEAN, default=False) for name in names)


def _key(name: str, entity: str, *, indexed: bool = False) -> Field:
    return Field(name, Kind.INTEGER, references=entity, indexed=indexed)


_PARENT: Final = Field("BusinessRelationID", Kind.INTEGER, references="BusinessRelation", indexed=True, writable=False)

CUSTOMER: Final = Declaration(
    name="Customer",
    route="customers",
    first_id=301,
    writable=True,
    fields=(
        Field("CustomerNumber", Kind.INTEGER, indexed=True),
        Field("OrgNumber", max_length=100, indexed=True),
        Field("WebUrl", max_length=255),
        _key("BusinessRelationID", "BusinessRelation"),
        _key("CurrencyCodeID", "CurrencyCode"),
        Field("CreditDays", Kind.INTEGER),
        _key("PaymentTermsID", "Terms"),
        _key("DeliveryTermsID", "Terms"),
        *_integers("DimensionsID", "DefaultSellerID", "DefaultDistributionsID"),
        _key("SubAccountNumberSeriesID", "NumberSeries"),
        Field("CustomerNumberKidAlias", max_length=255),
        Field("GLN", max_length=13),
        Field("PeppolAddress", max_length=50),
        Field("EInvoiceAgreementReference", max_length=50),
        Field("EfakturaIdentifier", max_length=100),
        Field("SocialSecurityNumber", max_length=20),
        Field("Localization", max_length=10),
        Field("ReminderEmailAddress", max_length=255),
        *_booleans("IsPrivate", "DontSendReminders", "AvtaleGiro", "AvtaleGiroNotification"),
        *_integers("FactoringNumber", "CustomerGroupID", "InvoiceChargeID"),
        _key("VatTypeID", "VatType"),
        Field("AcceptableDelta4CustomerPayment", Kind.DECIMAL),
        _key("AcceptableDelta4CustomerPaymentAccountID", "Account"),
        *_integers(
            "DefaultCustomerInvoiceReportID", "DefaultCustomerOrderReportID", "DefaultCustomerQuoteReportID"
        ),
    ),
    relations=(
        One("Info", "BusinessRelation", "BusinessRelationID"),
        One("CurrencyCode", "CurrencyCode", "CurrencyCodeID"),
        One("PaymentTerms", "Terms", "PaymentTermsID"),
        One("DeliveryTerms", "Terms", "DeliveryTermsID"),
        Twin("Account", "Account", "CustomerID"),
    ),
    unmodelled=(
        "Dimensions", "Distributions", "Sellers", "Companies",
        "CustomerInvoices", "CustomerOrders", "CustomerQuotes",
    ),
    snapshot=(
        "CurrencyCode", "Info.Emails", "Info.Phones", "Info.Addresses",
        "Info.DefaultEmail", "Info.DefaultPhone", "Info.InvoiceAddress", "Info.ShippingAddress",
    ),
)  # fmt: skip

BUSINESS_RELATION: Final = Declaration(
    name="BusinessRelation",
    first_id=801,
    fields=(
        Field("Name", max_length=255),
        _key("DefaultEmailID", "Email"),
        _key("DefaultPhoneID", "Phone"),
        _key("InvoiceAddressID", "Address"),
        _key("ShippingAddressID", "Address"),
        *_integers("DefaultContactID", "DefaultBankAccountID"),
    ),
    relations=(
        One("DefaultEmail", "Email", "DefaultEmailID", "BusinessRelationID"),
        One("DefaultPhone", "Phone", "DefaultPhoneID", "BusinessRelationID"),
        One("InvoiceAddress", "Address", "InvoiceAddressID", "BusinessRelationID"),
        One("ShippingAddress", "Address", "ShippingAddressID", "BusinessRelationID"),
        Many("Emails", "Email", "BusinessRelationID"),
        Many("Phones", "Phone", "BusinessRelationID"),
        Many("Addresses", "Address", "BusinessRelationID"),
    ),
    unmodelled=("Contacts", "BankAccounts", "DefaultContact", "DefaultBankAccount"),
)

EMAIL: Final = Declaration(
    name="Email",
    first_id=501,
    fields=(
        _PARENT,
        Field("EmailAddress", max_length=255),
        Field("Type", Kind.CODE),
        Field("Description", max_length=255),
    ),
)

PHONE: Final = Declaration(
    name="Phone",
    first_id=701,
    fields=(
        _PARENT,
        Field("Number", max_length=255),
        Field("CountryCode", max_length=100),
        Field("Description", max_length=255),
        Field("Type", Kind.CODE),
    ),
)

ADDRESS: Final = Declaration(
    name="Address",
    first_id=401,
    fields=(
        _PARENT,
        Field("AddressLine1", max_length=255),
        Field("AddressLine2", max_length=255),
        Field("AddressLine3", max_length=255),
        Field("PostalCode", max_length=100),
        Field("City", max_length=100),
        Field("Country", max_length=100),
        Field("CountryCode", max_length=100),
        Field("Region", max_length=100),
    ),
)

ACCOUNT: Final = Declaration(
    name="Account",
    route="accounts",
    first_id=151,
    fields=(
        Field("AccountNumber", Kind.INTEGER, indexed=True),
        Field("AccountName", max_length=255),
        _key("VatTypeID", "VatType"),
        Field("Active", Kind.BOOLEAN, default=True),
        Field("Visible", Kind.BOOLEAN, default=True),
        *_booleans("Locked", "LockManualPosts", "UsePostPost", "SystemAccount"),
        _key("AccountID", "Account", indexed=True),
        _key("CustomerID", "Customer", indexed=True),
        *_integers("SupplierID", "EmployeeID"),
        _key("CurrencyCodeID", "CurrencyCode"),
        *_integers("DimensionsID", "AccountGroupID"),
    ),
    relations=(
        One("VatType", "VatType", "VatTypeID"),
        One("MainAccount", "Account", "AccountID"),
        One("Customer", "Customer", "CustomerID"),
        One("CurrencyCode", "CurrencyCode", "CurrencyCodeID"),
        Many("SubAccounts", "Account", "AccountID"),
    ),
    unmodelled=("Dimensions", "AccountGroup", "Supplier", "Employee"),
)

VAT_TYPE: Final = Declaration(
    name="VatType",
    route="vattypes",
    first_id=11,
    fields=(
        Field("VatCode", max_length=100, indexed=True),
        Field("Name", max_length=255),
        Field("VatPercent", Kind.DECIMAL),
        *_booleans("OutputVat", "Locked"),
        Field("Visible", Kind.BOOLEAN, default=True),
        *_booleans("ReversedTaxDutyVat", "DirectJournalEntryOnly", "InUse"),
        Field("Alias", max_length=255),
        _key("IncomingAccountID", "Account"),
        _key("OutgoingAccountID", "Account"),
        *_integers("VatCodeGroupID"),
    ),
    relations=(
        Many("VatTypePercentages", "VatTypePercentage", "VatTypeID"),
        One("IncomingAccount", "Account", "IncomingAccountID"),
        One("OutgoingAccount", "Account", "OutgoingAccountID"),
    ),
    unmodelled=("VatCodeGroup",),
)

VAT_TYPE_PERCENTAGE: Final = Declaration(
    name="VatTypePercentage",
    first_id=51,
    fields=(
        _key("VatTypeID", "VatType", indexed=True),
        Field("VatPercent", Kind.DECIMAL),
        Field("ValidFrom", Kind.DATE),
        Field("ValidTo", Kind.DATE),
    ),
)

CURRENCY_CODE: Final = Declaration(
    name="CurrencyCode",
    route="currencycodes",
    fields=(
        Field("Code", max_length=10, indexed=True),
        Field("Name", max_length=255),
        Field("ShortCode", max_length=10),
    ),
)

COUNTRY: Final = Declaration(
    name="Country",
    route="countries",
    first_id=21,
    fields=(Field("Name", max_length=255), Field("CountryCode", max_length=10, indexed=True)),
)

TERMS: Final = Declaration(
    name="Terms",
    route="terms",
    first_id=31,
    fields=(Field("Name", max_length=255), Field("TermsType", Kind.CODE), Field("CreditDays", Kind.INTEGER)),
)

COMPANY_SETTINGS: Final = Declaration(
    name="CompanySettings",
    route="companysettings",
    fields=(
        Field("CompanyName", max_length=255),
        Field("OrganizationNumber", max_length=100),
        Field("AccountingLockedDate", Kind.DATE),
        Field("VatLockedDate", Kind.DATE),
        _key("BaseCurrencyCodeID", "CurrencyCode"),
        _key("CustomerAccountID", "Account"),
        _key("DefaultSalesAccountID", "Account"),
        *_integers("CustomerCreditDays", "TaxMandatoryType"),
        Field("RoundingType", Kind.CODE),
        *_booleans(
            "BookCustomerInvoiceOnDeliveryDate",
            "AutoDistributeInvoice",
            "ShowKIDOnCustomerInvoice",
            "PresetCustomerInvoiceNumber",
        ),
    ),
    relations=(
        One("BaseCurrencyCode", "CurrencyCode", "BaseCurrencyCodeID"),
        One("CustomerAccount", "Account", "CustomerAccountID"),
    ),
)

NUMBER_SERIES: Final = Declaration(
    name="NumberSeries",
    route="number-series",
    first_id=61,
    fields=(
        Field("Name", max_length=255),
        Field("DisplayName", max_length=255),
        *_integers("FromNumber", "ToNumber", "NextNumber"),
        *_booleans("NumberLock", "Disabled", "Empty", "System", "IsDefaultForTask"),
        Field("AccountYear", Kind.INTEGER),
        _key("NumberSeriesTypeID", "NumberSeriesType"),
        *_integers("NumberSeriesTaskID"),
        _key("MainAccountID", "Account"),
        _key("UseNumbersFromNumberSeriesID", "NumberSeries"),
    ),
    relations=(
        One("NumberSeriesType", "NumberSeriesType", "NumberSeriesTypeID"),
        One("MainAccount", "Account", "MainAccountID"),
    ),
    unmodelled=("NumberSeriesTask",),
)

NUMBER_SERIES_TYPE: Final = Declaration(
    name="NumberSeriesType",
    first_id=81,
    fields=(Field("EntityType", max_length=255), Field("Name", max_length=255)),
)

FINANCIAL_YEAR: Final = Declaration(
    name="FinancialYear",
    route="financialyears",
    first_id=3,
    fields=(Field("Year", Kind.INTEGER), Field("ValidFrom", Kind.DATE), Field("ValidTo", Kind.DATE)),
)


def declarations(*, vat_percent_at_root: bool) -> tuple[Declaration, ...]:
    """Every entity; without `vat_percent_at_root` a VAT type knows its rate only through `VatTypePercentages`."""
    return (
        CUSTOMER, BUSINESS_RELATION, EMAIL, PHONE, ADDRESS, ACCOUNT,
        VAT_TYPE if vat_percent_at_root else _without_root_percent(), VAT_TYPE_PERCENTAGE,
        CURRENCY_CODE, COUNTRY, TERMS, COMPANY_SETTINGS, NUMBER_SERIES, NUMBER_SERIES_TYPE, FINANCIAL_YEAR,
    )  # fmt: skip


def _without_root_percent() -> Declaration:
    fields = tuple(field for field in VAT_TYPE.fields if field.name != "VatPercent")
    return Declaration(
        name=VAT_TYPE.name,
        route=VAT_TYPE.route,
        first_id=VAT_TYPE.first_id,
        fields=fields,
        relations=VAT_TYPE.relations,
        unmodelled=VAT_TYPE.unmodelled,
    )
